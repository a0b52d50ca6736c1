"""Guests are removed whatever state they are in, and nobody else's; here on the double."""

import pytest

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.fixtures.real import marks
from tests.fixtures.real.errors import DeadlineError, TaskFailedError
from tests.fixtures.real.removal import remove_guests
from tests.fixtures.real.waiting import Deadline, wait_for_task
from tests.test_fixtures.real_site import MARK, OTHER, TEST, make_site

OURS = ";".join(marks.build_tags(MARK, TEST))
THEIRS = ";".join(marks.build_tags(OTHER, TEST))


def remove(builder: ProxmoxAPIMockBuilder, *vmids: int) -> dict[int, str]:
    site = make_site(builder)
    return remove_guests(site.api, vmids, MARK.owner, site.build_deadline)


@pytest.mark.parametrize("status", ["stopped", "running"])
def test_guest_is_stopped_and_removed(mock_builder: ProxmoxAPIMockBuilder, status: str) -> None:
    mock_builder.with_vm(500, status=status, tags=OURS).with_task_duration(3)

    assert remove(mock_builder, 500) == {}

    assert 500 not in mock_builder.cluster.guests


def test_container_is_removed(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_container(500, status="running", tags=OURS)

    assert remove(mock_builder, 500) == {}

    assert 500 not in mock_builder.cluster.guests


def test_protected_guest_is_removed(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm(500, tags=OURS, protection=1)

    assert remove(mock_builder, 500) == {}


def test_task_under_way_is_ended_first(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm(500, tags=OURS).with_task_duration(1000)
    api = mock_builder.build_api()
    api.nodes("node1").qemu(500).status.start.post()
    mock_builder.with_task_duration(1)

    assert remove(mock_builder, 500) == {}


def test_guest_that_another_is_based_on_goes_in_a_later_round(
    mock_builder: ProxmoxAPIMockBuilder,
) -> None:
    mock_builder.with_vm(500, tags=OURS).with_vm(501, tags=OURS)
    path = "/nodes/node1/qemu/500"
    mock_builder.with_path_error("DELETE", path, "base volume is in use by 501", times=1)

    assert remove(mock_builder, 500, 501) == {}

    assert not mock_builder.cluster.guests


def test_others_and_missing_guests_are_let_be(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm(500, tags=THEIRS).with_vm(501)

    assert remove(mock_builder, 500, 501, 502) == {}

    assert set(mock_builder.cluster.guests) == {500, 501}


def test_locked_guest_is_unlocked_and_removed(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm(500, tags=OURS).with_locked_guest(500, "backup")

    assert remove(mock_builder, 500) == {}

    assert 500 not in mock_builder.cluster.guests


def test_guest_that_stays_locked_is_reported(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm(500, tags=OURS).with_locked_guest(500, "backup").with_vm(501, tags=OURS)
    mock_builder.with_path_error("PUT", "/nodes/node1/qemu/500/config", "Only root may use this")

    failed = remove(mock_builder, 500, 501)

    assert list(failed) == [500]
    assert "locked (backup); run `qm unlock 500` on node1" in failed[500]
    assert set(mock_builder.cluster.guests) == {500}


def test_guest_whose_creation_does_not_end_is_reported(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm(500).with_locked_guest(500, "create")

    failed = remove(mock_builder, 500)

    assert "the creation of guest 500 took longer than 60 s" in failed[500]


def test_wait_ends_at_the_deadline(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.with_vm(500).with_task_duration(1000).build_api()
    upid = api.nodes("node1").qemu(500).status.start.post()
    clock = iter(range(100))
    slept: list[float] = []

    with pytest.raises(DeadlineError, match=r"took longer than 7 s; .*PROXMOX_TEST_DEADLINE_S"):
        wait_for_task(api, upid, Deadline(7, lambda: float(next(clock)), slept.append))

    assert slept == sorted(slept)
    assert len(slept) == 6


def test_failed_task_is_an_error(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.with_vm(500).with_task_error("start", "no such bridge").build_api()
    upid = api.nodes("node1").qemu(500).status.start.post()

    with pytest.raises(TaskFailedError, match="no such bridge"):
        wait_for_task(api, upid, Deadline(5))
