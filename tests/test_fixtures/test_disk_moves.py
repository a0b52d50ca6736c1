from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.storages import Volume

DISK = "local-lvm:vm-100-disk-0"


@pytest.fixture
def api(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of node1 to node3, node3 offline, with VM 100 and container 200 on node1."""
    mock_builder.with_node("node2").with_node("node3", online=False)
    mock_builder.with_storage("thin", kind="lvmthin", content=("images", "rootdir"))
    mock_builder.with_storage("files", content=("images", "rootdir"))
    mock_builder.with_storage("shared", kind="rbd", shared=True, content=("images", "rootdir"))
    mock_builder.with_storage("here", nodes=("node1",)).with_vm(100)
    mock_builder.with_container(200)
    return mock_builder.build_api()


def exitstatus(api: Any, upid: str) -> object:
    return api.nodes(upid.split(":")[1]).tasks(upid).status.get()["exitstatus"]


@pytest.mark.parametrize(
    ("size", "stored"),
    [("+5G", "37G"), ("40G", "40G"), ("+512M", "33280M"), ("1T", "1024G"), ("+0.5G", "33280M")],
)
def test_disk_is_enlarged(api: Any, size: str, stored: str) -> None:
    upid = api.nodes("node1").qemu(100).resize.put(disk="scsi0", size=size)

    config = api.nodes("node1").qemu(100).config.get()
    assert (upid.split(":")[5], exitstatus(api, upid)) == ("resize", "OK")
    assert config["scsi0"] == f"{DISK},size={stored}"


def test_resized_disk_shows_in_the_status_of_a_running_vm(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_vm_status("running", 100)

    api.nodes("node1").qemu(100).resize.put(disk="scsi0", size="40G")

    assert api.nodes("node1").qemu(100).status.current.get()["maxdisk"] == 40 << 30


@pytest.mark.parametrize(
    ("config", "params", "message"),
    [
        ({}, {"size": "8G"}, "shrinking disks is not supported"),
        ({}, {"disk": "scsi9"}, "disk 'scsi9' does not exist"),
        ({"ide2": "local:iso/a.iso,media=cdrom"}, {"disk": "ide2"}, "you can't resize a cdrom"),
        ({"lock": "backup"}, {}, "VM is locked (backup)"),
        ({}, {"digest": "a" * 40}, "checksum mismatch (file change by other user?)"),
    ],
    ids=["shrink", "no disk", "CD-ROM", "locked", "digest"],
)
def test_resize_fails_in_its_task(
    mock_builder: ProxmoxAPIMockBuilder,
    api: Any,
    config: dict[str, Any],
    params: dict[str, Any],
    message: str,
) -> None:
    mock_builder.with_vm(100, **config)

    upid = api.nodes("node1").qemu(100).resize.put(**{"disk": "scsi0", "size": "40G", **params})

    assert exitstatus(api, upid) == message
    assert api.nodes("node1").qemu(100).config.get()["scsi0"].endswith("size=32G")


def test_skiplock_resizes_a_locked_vm(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_vm(100, lock="backup")

    upid = api.nodes("node1").qemu(100).resize.put(disk="scsi0", size="+1G", skiplock=1)

    assert exitstatus(api, upid) == "OK"


@pytest.mark.parametrize(
    ("params", "name"),
    [({"disk": "scsi0", "size": "-1G"}, "size"), ({"disk": "net0", "size": "1G"}, "disk"),
     ({"disk": "scsi0"}, "size")],
    ids=["size", "disk", "missing"],
)  # fmt: skip
def test_bad_resize_is_a_violation(
    mock_builder: ProxmoxAPIMockBuilder, api: Any, params: dict[str, str], name: str
) -> None:
    with mock_builder.expect_violation(), pytest.raises(ResourceException) as raised:
        api.nodes("node1").qemu(100).resize.put(**params)

    assert list(raised.value.errors) == [name]


@pytest.mark.parametrize(
    ("params", "scsi0", "unused0"),
    [
        ({"storage": "thin"}, "thin:vm-100-disk-0,size=32G", DISK),
        ({"storage": "thin", "delete": 1}, "thin:vm-100-disk-0,size=32G", None),
        ({"storage": "files", "format": "qcow2"}, "files:100/vm-100-disk-0.qcow2,size=32G", DISK),
        ({"storage": "files"}, "files:100/vm-100-disk-0.raw,size=32G", DISK),
        ({"storage": "thin", "format": "qcow2"}, "thin:vm-100-disk-0,size=32G", DISK),
    ],
    ids=["kept", "deleted", "format", "same format", "no formats there"],
)
def test_disk_is_moved(
    mock_builder: ProxmoxAPIMockBuilder,
    api: Any,
    params: dict[str, Any],
    scsi0: str,
    unused0: str | None,
) -> None:
    volumes = mock_builder.cluster.storages["local-lvm"].volumes("node1")
    new = scsi0.partition(",")[0]

    upid = api.nodes("node1").qemu(100).move_disk.post(disk="scsi0", **params)

    config = api.nodes("node1").qemu(100).config.get()
    assert upid.split(":")[5] == "qmmove"
    assert (config["scsi0"], config.get("unused0")) == (scsi0, unused0)
    assert new in mock_builder.cluster.storages[params["storage"]].volumes("node1")
    assert (DISK in volumes) is (unused0 is not None)


@pytest.mark.parametrize(
    ("params", "status", "message"),
    [
        ({"disk": "scsi9"}, 500, "disk 'scsi9' does not exist"),
        ({"disk": "ide2"}, 500, "you can't move a cdrom"),
        ({"storage": "local-lvm"}, 500, "you can't move to the same storage with same format"),
        ({"storage": "nope"}, 500, "storage 'nope' does not exist"),
        ({"storage": "local"}, 400, "storage 'local' does not support vm images"),
        ({"storage": None}, 400, "both 'storage' and 'target-vmid' missing"),
        ({"digest": "a" * 40}, 500, "checksum mismatch (file change by other user?)"),
        ({"delete": 1}, 500, "you can't move a disk with snapshots and delete the source"),
    ],
    ids=["no disk", "CD-ROM", "same place", "no storage", "no images", "nowhere", "digest",
         "snapshot"],
)  # fmt: skip
def test_disk_move_is_refused(
    mock_builder: ProxmoxAPIMockBuilder,
    api: Any,
    params: dict[str, Any],
    status: int,
    message: str,
) -> None:
    mock_builder.with_vm(100, ide2="local:iso/a.iso,media=cdrom").with_snapshot("s1", 100)

    with pytest.raises(ResourceException, match=f"^{status} ") as raised:
        api.nodes("node1").qemu(100).move_disk.post(**{
            "disk": "scsi0", "storage": "thin", **params,
        })  # fmt: skip

    assert message in str(raised.value)


def test_disk_changes_its_format_on_the_same_storage(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_vm(100, scsi0="files:8,format=qcow2")

    api.nodes("node1").qemu(100).move_disk.post(disk="scsi0", storage="files", format="raw")

    config = api.nodes("node1").qemu(100).config.get()
    assert config["scsi0"] == "files:100/vm-100-disk-1.raw,size=8G"


def test_container_volume_is_moved(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    container = mock_builder.cluster.container("node1", 200)

    upid = api.nodes("node1").lxc(200).move_volume.post(volume="rootfs", storage="files")

    assert (upid.split(":")[5], exitstatus(api, upid)) == ("move_volume", "OK")
    assert container.config["rootfs"] == "files:200/vm-200-disk-0.raw,size=8G"
    assert container.config["unused0"] == "local-lvm:vm-200-disk-0"


@pytest.mark.parametrize(
    ("change", "params", "message"),
    [
        ({"is_running": True}, {}, "cannot move volumes of a running container"),
        ({}, {"volume": "mp3"}, "volume 'mp3' for container '200' does not exist"),
        ({}, {"volume": "unused0"}, "cannot move volume 'unused0', only configured volumes can"),
        ({}, {"delete": 1}, "you can't move a volume with snapshots and delete the source"),
        ({}, {"storage": "local"}, "storage 'local' does not support container directories"),
    ],
    ids=["running", "no volume", "unused", "snapshot", "storage"],
)
def test_volume_move_is_refused(
    mock_builder: ProxmoxAPIMockBuilder,
    api: Any,
    change: dict[str, Any],
    params: dict[str, Any],
    message: str,
) -> None:
    mock_builder.with_snapshot("s1", 200)
    for name, value in change.items():
        setattr(mock_builder.cluster.guests[200], name, value)

    with pytest.raises(ResourceException) as raised:
        api.nodes("node1").lxc(200).move_volume.post(**{
            "volume": "rootfs", "storage": "files", **params,
        })  # fmt: skip

    assert message in str(raised.value)


@pytest.mark.parametrize(("force", "unused"), [(0, DISK), (1, None)])
def test_disk_is_unlinked(
    mock_builder: ProxmoxAPIMockBuilder, api: Any, force: int, unused: str | None
) -> None:
    volumes = mock_builder.cluster.storages["local-lvm"].volumes("node1")
    volumes[DISK] = Volume(DISK, "images", "raw", 32 << 30, 0, 100)

    answer = api.nodes("node1").qemu(100).unlink.put(idlist="scsi0", force=force)

    config = api.nodes("node1").qemu(100).config.get()
    assert (answer, "scsi0" in config, config.get("unused0")) == (None, False, unused)
    assert (DISK in volumes) is (unused is not None)


def test_forced_unlink_keeps_what_was_unused_before(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_vm(100, unused0="thin:vm-100-disk-7")

    api.nodes("node1").qemu(100).unlink.put(idlist="scsi0", force=1)

    config = api.nodes("node1").qemu(100).config.get()
    assert [config.get(f"unused{number}") for number in (0, 1)] == ["thin:vm-100-disk-7", None]


def test_source_that_a_snapshot_uses_does_not_become_unused(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_snapshot("s1", 100)

    api.nodes("node1").qemu(100).move_disk.post(disk="scsi0", storage="thin")

    assert "unused0" not in api.nodes("node1").qemu(100).config.get()


def test_container_is_locked_while_its_volume_moves(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_task_duration(5)
    container = mock_builder.cluster.guests[200]
    api.nodes("node1").lxc(200).move_volume.post(volume="rootfs", storage="files")

    during = container.lock
    mock_builder.clock.advance(5)

    assert (during, container.lock) == ("disk", None)
