"""Guests that a tracker removes: those of their owner, and none that came later."""

import pytest

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.fixtures.real import tracked
from tests.fixtures.real.errors import ClusterSettingError, LeftBehindError
from tests.fixtures.real.removal import list_guests
from tests.fixtures.real.target import Target
from tests.infra.sharing.removal import find_remover, load_remover
from tests.test_fixtures.real_site import MARK, OTHER, make_lab

TARGET = Target("pve.example.test", 8006, "root@pam", "t", "secret", deadline_s=5)


def test_guest_of_the_owner_is_removed(mock_builder: ProxmoxAPIMockBuilder) -> None:
    lab = make_lab(mock_builder)
    lab.node.qemu.post(vmid=500)

    tracked.remove_from(lab.bare, 500, MARK.owner, TARGET)

    assert list_guests(lab.bare) == []


def test_guest_that_somebody_else_made_since_stays(mock_builder: ProxmoxAPIMockBuilder) -> None:
    lab = make_lab(mock_builder, mark=OTHER)
    lab.node.qemu.post(vmid=500)

    tracked.remove_from(lab.bare, 500, MARK.owner, TARGET)

    assert [guest.vmid for guest in list_guests(lab.bare)] == [500]


def test_guest_without_marks_is_reported(mock_builder: ProxmoxAPIMockBuilder) -> None:
    lab = make_lab(mock_builder)
    lab.bare.nodes("node1").qemu.post(vmid=500)

    with pytest.raises(LeftBehindError, match="guest 500: it doesn't say whose it is"):
        tracked.remove_from(lab.bare, 500, MARK.owner, TARGET)


def test_other_cluster_than_the_guests_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXMOX_TEST_HOST", "pve.example.test")
    monkeypatch.setenv("PROXMOX_TEST_TOKEN", "root@pam!t=secret")
    facts = {tracked.OWNER: MARK.owner, tracked.CLUSTER: "other.example.test:8006"}

    with pytest.raises(ClusterSettingError, match=r"guest 500 is on other.example.test:8006"):
        tracked.remove("500", facts)


def test_remover_is_found_by_its_path(pytestconfig: pytest.Config) -> None:
    where = find_remover(pytestconfig, tracked.KIND)

    assert callable(load_remover(tracked.KIND, where, root=""))
