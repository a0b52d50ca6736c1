import time
from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError, ViolationsError

FACES = ("build", "build_api")


@pytest.mark.parametrize("face", FACES)
def test_reset_goes_back_to_the_first_build(mock_builder: ProxmoxAPIMockBuilder, face: str) -> None:
    qemu = getattr(mock_builder.with_vm(), face)().nodes("node1").qemu
    before = qemu(100).status.current.get()
    qemu(100).status.start.post()
    qemu.post(vmid=101)

    mock_builder.reset()

    assert [guest["vmid"] for guest in qemu.get()] == [100]
    assert qemu(100).status.current.get() == before


def test_same_requests_have_the_same_answers_after_a_reset(
    mock_builder: ProxmoxAPIMockBuilder,
) -> None:
    node = mock_builder.with_vm().build_api().nodes("node1")

    def work() -> list[Any]:
        made = node.qemu.post(vmid=101, net0="virtio,bridge=vmbr0")
        return [made, node.qemu(101).config.get(), node.tasks.get(), node.qemu(101).delete()]

    first = work()

    assert mock_builder.reset() is mock_builder
    assert work() == first


def test_reset_goes_back_to_a_snapshot_as_often_as_wanted(
    mock_builder: ProxmoxAPIMockBuilder,
) -> None:
    qemu = mock_builder.with_vm().build_api().nodes("node1").qemu
    qemu(100).status.start.post()
    kept = mock_builder.snapshot()

    for _ in range(2):
        qemu(100).status.stop.post()
        mock_builder.reset(kept)
        assert qemu(100).status.current.get()["status"] == "running"


def test_task_under_way_ends_again(mock_builder: ProxmoxAPIMockBuilder) -> None:
    node = mock_builder.with_vm().with_task_duration(10).build_api().nodes("node1")
    upid = node.qemu(100).delete()
    kept = mock_builder.snapshot()

    for _ in range(2):
        mock_builder.clock.advance(10)
        assert node.tasks(upid).status.get()["exitstatus"] == "OK"
        assert node.qemu.get() == []
        mock_builder.reset(kept)
        assert node.tasks(upid).status.get()["status"] == "running"


def test_faults_are_as_they_were(mock_builder: ProxmoxAPIMockBuilder) -> None:
    node = (
        mock_builder.with_vm().with_operation_error("list", "no", times=1).build_api().nodes.node1
    )
    with pytest.raises(ResourceException):
        node.qemu.get()
    mock_builder.with_operation_error("status", "broken")

    mock_builder.reset()

    with pytest.raises(ResourceException, match="no"):
        node.qemu.get()
    assert node.qemu(100).status.current.get()


def test_calls_and_violations_stay(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.build_api()
    with mock_builder.expect_violation() as violations:
        with pytest.raises(ResourceException):
            api.nodez.get()
        mock_builder.reset()

        assert len(mock_builder.calls) == len(mock_builder.violations) == 1
        with pytest.raises(ViolationsError):
            mock_builder.require_no_violations()
    assert len(violations) == 1


def test_reset_before_a_build_is_refused(mock_builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(DoubleError, match="nothing to go back to; build a face"):
        mock_builder.reset()


def test_snapshot_of_another_builder_is_refused(mock_builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(DoubleError, match="another builder's"):
        mock_builder.reset(ProxmoxAPIMockBuilder().snapshot())


@pytest.mark.thread_unsafe(reason="it measures time")
def test_snapshot_and_reset_take_microseconds() -> None:
    builder = ProxmoxAPIMockBuilder().with_vm(100).with_vm(101).with_vm(102)
    kept = builder.snapshot()

    # The limit is ten times what a quiet machine needs: it tells microseconds from milliseconds.
    assert best_time_s(builder.snapshot) < 1e-3
    assert best_time_s(lambda: builder.reset(kept)) < 1e-3


def best_time_s(work: Any) -> float:
    times = []
    for _ in range(20):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)
