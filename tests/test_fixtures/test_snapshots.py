from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder

KINDS = pytest.mark.parametrize("kind", ["qemu", "lxc"])
PREFIXES = pytest.mark.parametrize(
    ("kind", "prefix"), [("qemu", "qm"), ("lxc", "vz")], ids=["VM", "container"]
)


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


@PREFIXES
def test_snapshot_is_taken_by_a_task(node: Any, kind: str, prefix: str) -> None:
    guest = guest_of(node, kind)

    upid = guest.snapshot.post(snapname="s1", description="first")

    first, current = guest.snapshot.get()
    assert upid.split(":")[5] == f"{prefix}snapshot"
    assert exitstatus(node, upid) == "OK"
    assert (first["name"], first["description"], "parent" in first) == ("s1", "first", False)
    assert first.get("vmstate") == (0 if kind == "qemu" else None)
    assert (current["name"], current["parent"]) == ("current", "s1")


@KINDS
def test_list_ends_with_the_present_state(node: Any, kind: str) -> None:
    listed = guest_of(node, kind).snapshot.get()

    assert [{**entry, "digest": ""} for entry in listed] == [
        {"name": "current", "description": "You are here!", "running": 0, "digest": ""}
    ]


@KINDS
def test_snapshot_keeps_the_configuration(node: Any, kind: str) -> None:
    guest = guest_of(node, kind)
    guest.snapshot.post(snapname="s1")
    guest.snapshot.post(snapname="s2", description="second")

    config = guest.snapshot("s2").config.get()

    assert (config["description"], config["parent"]) == ("second", "s1")
    assert isinstance(config["snaptime"], int)
    assert ("digest" in config) is (kind == "qemu")
    assert [key for key in ("lock", "snapshots", "vmstate") if key in config] == []


@KINDS
@pytest.mark.parametrize("name", ["current", "reserved"])
def test_reserved_name_is_refused(node: Any, kind: str, name: str) -> None:
    reserved = {"qemu": "pending", "lxc": "vzdump"}[kind]
    name = name.replace("reserved", reserved)

    with pytest.raises(ResourceException) as raised:
        guest_of(node, kind).snapshot.post(snapname=name)

    assert raised.value.content == f"unable to use snapshot name '{name}' (reserved name)"


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"template": 1}, "you can't take a snapshot if it's a template"),
        ({"lock": "backup"}, "VM is locked (backup)"),
        ({"scsi0": "files:8"}, "snapshot feature is not available"),
        ({"scsi0": "thick:8"}, "snapshot feature is not available"),
        ({"scsi1": "/dev/sdb"}, "snapshot feature is not available"),
    ],
    ids=["template", "locked", "raw file", "LVM", "device"],
)
def test_snapshot_fails_in_its_task(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, description: dict[str, Any], message: str
) -> None:
    mock_builder.with_storage("thick", kind="lvm").with_storage("files", kind="nfs")
    mock_builder.with_vm(100, **description)

    upid = node.qemu(100).snapshot.post(snapname="s1")

    assert exitstatus(node, upid) == message
    assert [entry["name"] for entry in node.qemu(100).snapshot.get()] == ["current"]
    assert node.qemu(100).config.get().get("lock") == description.get("lock")


@pytest.mark.parametrize("kind", ["lvmthin", "zfspool", "rbd", "btrfs", "dir"])
def test_storage_takes_snapshots(mock_builder: ProxmoxAPIMockBuilder, node: Any, kind: str) -> None:
    disk = "pool:8,format=qcow2" if kind == "dir" else "pool:8"
    mock_builder.with_storage("pool", kind=kind).with_vm(100, scsi0=disk)

    upid = node.qemu(100).snapshot.post(snapname="s1")

    assert exitstatus(node, upid) == "OK"


@KINDS
def test_used_name_fails_in_the_task(node: Any, kind: str) -> None:
    guest = guest_of(node, kind)
    guest.snapshot.post(snapname="s1")

    upid = guest.snapshot.post(snapname="s1")

    assert exitstatus(node, upid) == "snapshot name 's1' already used"


@pytest.mark.parametrize(
    ("status", "vmstate"),
    [("running", "local-lvm:vm-100-state-s1"), ("stopped", None)],
)
def test_memory_is_kept_of_a_running_vm_only(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, status: str, vmstate: str | None
) -> None:
    mock_builder.with_vm_status(status, 100)

    node.qemu(100).snapshot.post(snapname="s1", vmstate=1)

    assert node.qemu(100).snapshot.get()[0]["vmstate"] == int(vmstate is not None)
    assert node.qemu(100).snapshot("s1").config.get().get("vmstate") == vmstate


@KINDS
def test_guest_is_locked_while_the_task_runs(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, kind: str
) -> None:
    mock_builder.with_task_duration(5)
    guest = guest_of(node, kind)
    guest.snapshot.post(snapname="s1")
    label = "VM" if kind == "qemu" else "CT"

    second = guest.snapshot.post(snapname="s2")
    names_before = [entry["name"] for entry in guest.snapshot.get()]
    mock_builder.clock.advance(5)

    assert exitstatus(node, second) == f"{label} is locked (snapshot)"
    assert names_before == ["current"]
    assert [entry["name"] for entry in guest.snapshot.get()] == ["s1", "current"]
    assert [one.lock for one in mock_builder.cluster.guests.values()] == [None, None]


def test_stopped_task_leaves_no_snapshot_and_no_lock(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_task_duration(5)
    upid = node.qemu(100).snapshot.post(snapname="s1")

    node.tasks(upid).delete()

    assert [entry["name"] for entry in node.qemu(100).snapshot.get()] == ["current"]
    assert "lock" not in node.qemu(100).config.get()


@PREFIXES
def test_deleted_snapshot_hands_its_children_to_its_parent(
    node: Any, kind: str, prefix: str
) -> None:
    guest = guest_of(node, kind)
    for name in ("s1", "s2", "s3"):
        guest.snapshot.post(snapname=name)

    upid = guest.snapshot("s2").delete(force=1)

    parents = {entry["name"]: entry.get("parent") for entry in guest.snapshot.get()}
    assert upid.split(":")[5] == f"{prefix}delsnapshot"
    assert parents == {"s1": None, "s3": "s1", "current": "s3"}


@KINDS
@pytest.mark.parametrize("action", ["delete", "rollback"])
def test_unknown_snapshot_fails_in_the_task(node: Any, kind: str, action: str) -> None:
    snapshot = guest_of(node, kind).snapshot("none")

    upid = snapshot.delete() if action == "delete" else snapshot.rollback.post()

    assert exitstatus(node, upid) == "snapshot 'none' does not exist"


@pytest.mark.parametrize("action", ["delete", "rollback"])
@pytest.mark.parametrize(
    ("obstacle", "messages"),
    [
        ({"template": 1}, ("you can't delete a snapshot if vm is a template",
                           "you can't rollback if vm is a template")),
        ({"lock": "backup"}, ("VM is locked (backup)", "VM is locked (backup)")),
    ],
    ids=["template", "locked"],
)  # fmt: skip
def test_change_fails_in_the_task(
    mock_builder: ProxmoxAPIMockBuilder,
    node: Any,
    action: str,
    obstacle: dict[str, Any],
    messages: tuple[str, str],
) -> None:
    mock_builder.with_snapshot("s1", 100)
    mock_builder.cluster.guests[100].config.update(obstacle)
    snapshot = node.qemu(100).snapshot("s1")

    upid = snapshot.delete() if action == "delete" else snapshot.rollback.post()

    assert exitstatus(node, upid) == messages[action == "rollback"]
    assert "s1" in mock_builder.cluster.guests[100].snapshots


@KINDS
def test_description_is_changed(node: Any, kind: str) -> None:
    guest = guest_of(node, kind)
    guest.snapshot.post(snapname="s1", description="old")

    answer = guest.snapshot("s1").config.put(description="new")
    guest.snapshot("s1").config.put()

    assert (answer, guest.snapshot.get()[0]["description"]) == (None, "new")


def test_description_of_a_locked_guest_stays(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_snapshot("s1", 100)
    mock_builder.cluster.guests[100].config["lock"] = "backup"

    with pytest.raises(ResourceException, match=r"VM is locked \(backup\)"):
        node.qemu(100).snapshot("s1").config.put(description="new")


@KINDS
@pytest.mark.parametrize("verb", ["get", "put"])
def test_config_of_an_unknown_snapshot_is_refused(node: Any, kind: str, verb: str) -> None:
    config = guest_of(node, kind).snapshot("none").config

    with pytest.raises(ResourceException) as raised:
        getattr(config, verb)()

    assert raised.value.content == "snapshot 'none' does not exist"


@KINDS
def test_index_of_a_snapshot(node: Any, kind: str) -> None:
    assert guest_of(node, kind).snapshot("s1").get() == [{"cmd": "rollback"}, {"cmd": "config"}]


@KINDS
def test_snapshot_of_a_missing_guest_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, kind: str
) -> None:
    guest = guest_of(node, kind)
    mock_builder.cluster.guests.clear()

    with pytest.raises(ResourceException, match=r"\.conf' does not exist"):
        guest.snapshot.post(snapname="s1")


def test_container_has_no_memory_to_keep(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    with mock_builder.expect_violation(), pytest.raises(ResourceException) as raised:
        node.lxc(200).snapshot.post(snapname="s1", vmstate=1)

    assert list(raised.value.errors) == ["vmstate"]


@pytest.mark.parametrize("name", ["1st", "x", "a" * 41, None], ids=["digit", "short", "long", "no"])
def test_bad_name_is_a_violation(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, name: str | None
) -> None:
    with mock_builder.expect_violation(), pytest.raises(ResourceException) as raised:
        node.qemu(100).snapshot.post(snapname=name)

    assert (raised.value.status_code, list(raised.value.errors)) == (400, ["snapname"])
