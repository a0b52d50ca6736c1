from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError
from tests.fixtures.proxmox.guest_snapshots import Snapshot
from tests.fixtures.proxmox.memento import Memento
from tests.fixtures.proxmox.storages import Volume

KINDS = pytest.mark.parametrize("kind", ["qemu", "lxc"])


@pytest.fixture
def node(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of node1 with the stopped VM 100 and the stopped container 200."""
    mock_builder.with_vm(100, description="mine")
    mock_builder.with_container(200)
    return mock_builder.build_api().nodes("node1")


def guest_of(node: Any, kind: str) -> Any:
    return node.qemu(100) if kind == "qemu" else node.lxc(200)


def exitstatus(node: Any, upid: str) -> object:
    return node.tasks(upid).status.get()["exitstatus"]


def test_deleting_the_last_snapshot_leaves_no_parent(node: Any) -> None:
    node.qemu(100).snapshot.post(snapname="s1")
    shown = node.qemu(100).config.get()["parent"]

    node.qemu(100).snapshot("s1").delete()

    assert shown == "s1"
    assert "parent" not in node.qemu(100).config.get()


def test_disk_that_only_the_deleted_snapshot_used_becomes_unused(node: Any) -> None:
    node.qemu(100).snapshot.post(snapname="s1")
    node.qemu(100).config.put(delete="scsi0")
    node.qemu(100).config.put(delete="unused0")

    node.qemu(100).snapshot("s1").delete()

    assert node.qemu(100).config.get()["unused0"] == "local-lvm:vm-100-disk-0"


def test_rollback_puts_the_configuration_back(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_snapshot("s1", 100)
    before = node.qemu(100).config.get()
    node.qemu(100).config.put(cores=8, scsi1="local-lvm:4", description="new", delete="net0")
    node.qemu(100).resize.put(disk="scsi0", size="+1G")

    upid = node.qemu(100).snapshot("s1").rollback.post()

    after = node.qemu(100).config.get()
    own = ("digest", "vmgenid", "description", "unused0")
    assert upid.split(":")[5] == "qmrollback"
    assert {k: v for k, v in after.items() if k not in own} == {
        k: v for k, v in before.items() if k not in own
    }
    assert (after["description"], after["unused0"]) == ("new", "local-lvm:vm-100-disk-1")
    assert after["vmgenid"] != before["vmgenid"]


@KINDS
@pytest.mark.parametrize(("start", "status"), [(0, "stopped"), (1, "running")])
def test_rollback_stops_a_running_guest(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, kind: str, start: int, status: str
) -> None:
    guest = guest_of(node, kind)
    guest.snapshot.post(snapname="s1")
    mock_builder.cluster.guests[100].power_on(0, 1)
    mock_builder.cluster.guests[200].power_on(0, 1)

    guest.snapshot("s1").rollback.post(start=start)

    assert guest.snapshot.get()[-1]["running"] == (status == "running")


def test_rollback_to_saved_memory_goes_on_running(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_vm_status("running", 100).with_snapshot("s1", 100, vmstate=True)
    mock_builder.with_vm_status("stopped", 100)

    node.qemu(100).snapshot("s1").rollback.post()

    assert node.qemu(100).status.current.get()["status"] == "running"


def test_rollback_makes_the_snapshot_the_parent(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_snapshot("s1", 200).with_snapshot("s2", 200)

    node.lxc(200).snapshot("s1").rollback.post()

    assert node.lxc(200).snapshot.get()[-1]["parent"] == "s1"


def test_zfs_goes_back_to_the_last_snapshot_only(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_storage("tank", kind="zfspool").with_vm(100, scsi0="tank:8")
    mock_builder.with_snapshot("s1", 100).with_snapshot("s2", 100)

    failed = node.qemu(100).snapshot("s1").rollback.post()
    done = node.qemu(100).snapshot("s2").rollback.post()

    expected = "can't rollback, 's1' is not most recent snapshot on 'tank:vm-100-disk-0'"
    assert (exitstatus(node, failed), exitstatus(node, done)) == (expected, "OK")


def test_rollback_puts_the_size_of_a_listed_volume_back(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    volid = "local-lvm:vm-100-disk-0"
    volume = Volume(volid, "images", "raw", 32 << 30, 0, 100)
    mock_builder.cluster.storages["local-lvm"].volumes("node1")[volid] = volume
    mock_builder.with_snapshot("s1", 100)
    node.qemu(100).resize.put(disk="scsi0", size="40G")
    resized = volume.size

    node.qemu(100).snapshot("s1").rollback.post()

    assert (resized, volume.size) == (40 << 30, 32 << 30)


def test_config_shows_a_snapshot(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_snapshot("s1", 100, description="first")
    node.qemu(100).config.put(cores=8)

    config = node.qemu(100).config.get(snapshot="s1")

    assert (config["cores"], config["description"]) == (2, "first")
    assert config["digest"] == node.qemu(100).config.get()["digest"]


def test_config_is_of_now_or_of_a_snapshot(node: Any) -> None:
    with pytest.raises(ResourceException) as raised:
        node.qemu(100).config.get(snapshot="s1", current=1)

    both = "cannot use 'snapshot' parameter with 'current'"
    assert raised.value.errors == {"snapshot": both, "current": both}


def test_snapshot_is_cloned(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_snapshot("s1", 100)
    node.qemu(100).config.put(cores=8)

    node.qemu(100).clone.post(newid=101, snapname="s1", full=1)

    clone = node.qemu(101).config.get()
    assert (clone["cores"], clone["scsi0"]) == (2, "local-lvm:vm-101-disk-0,size=32G")
    assert [key for key in ("parent", "snaptime") if key in clone] == []
    assert [entry["name"] for entry in node.qemu(101).snapshot.get()] == ["current"]


def test_clone_of_an_unknown_snapshot_is_refused(node: Any) -> None:
    with pytest.raises(ResourceException, match="snapshot 'none' does not exist"):
        node.qemu(100).clone.post(newid=101, snapname="none")


def test_storage_without_it_refuses_the_clone_of_a_snapshot(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_storage("tank", kind="zfspool").with_vm(100, scsi0="tank:8")
    mock_builder.with_snapshot("s1", 100)

    with pytest.raises(ResourceException) as raised:
        node.qemu(100).clone.post(newid=101, snapname="s1", full=1)

    expected = "Full clone feature is not supported for 'tank:vm-100-disk-0' (scsi0)"
    assert raised.value.content == expected


def test_snapshots_change_the_digest(node: Any) -> None:
    before = node.qemu(100).config.get()["digest"]

    node.qemu(100).snapshot.post(snapname="s1")

    assert node.qemu(100).config.get()["digest"] != before


def test_snapshots_go_back_with_the_cluster(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_snapshot("s1", 100, description="old")
    kept = Memento(mock_builder.cluster)
    node.qemu(100).snapshot("s1").config.put(description="new")
    node.qemu(100).snapshot.post(snapname="s2")

    kept.restore()

    entries = node.qemu(100).snapshot.get()
    assert [(one["name"], one["description"]) for one in entries[:-1]] == [("s1", "old")]


@pytest.mark.parametrize(
    ("name", "vmid", "problem"),
    [("s1", 999, "there is no guest 999 on node 'node1'; describe it first"),
     ("s1", 100, "guest 100 has a snapshot 's1' already; give another name")],
    ids=["no guest", "used name"],
)  # fmt: skip
def test_snapshot_that_cannot_be_described(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, name: str, vmid: int, problem: str
) -> None:
    mock_builder.cluster.guests[100].snapshots["s1"] = Snapshot("s1", {}, 0)

    with pytest.raises(DoubleError) as raised:
        mock_builder.with_snapshot(name, vmid)

    assert str(raised.value) == problem
    assert node


def test_saved_memory_is_a_volume_until_its_snapshot_goes(
    mock_builder: ProxmoxAPIMockBuilder,
) -> None:
    node = mock_builder.with_vm(100, status="running").build_api().nodes("node1")
    node.qemu(100).snapshot.post(snapname="one", vmstate=1)
    volumes = {one["volid"]: one["size"] for one in node.storage("local-lvm").content.get()}

    node.qemu(100).snapshot("one").delete()

    assert volumes["local-lvm:vm-100-state-one"] == (2 * 2048 + 500) << 20
    assert [one["volid"] for one in node.storage("local-lvm").content.get()] == [
        "local-lvm:vm-100-disk-0"
    ]
