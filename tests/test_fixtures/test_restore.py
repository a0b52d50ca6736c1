from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder

VM_ARCHIVE = "local:backup/vzdump-qemu-100-2026_01_01-00_00_00.vma.zst"
CT_ARCHIVE = "local:backup/vzdump-lxc-200-2026_01_01-00_00_00.tar.zst"


@pytest.fixture
def node(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of node1, with VM 100 and a backup of it, and a backup of container 200."""
    mock_builder.with_vm(100, name="web", cores=4, lock="backup").with_backup(100)
    mock_builder.with_vm(100).with_backup(200, kind="lxc")
    mock_builder.with_storage("thick", kind="lvm", content="images,rootdir", total_gib=20)
    return mock_builder.build_api().nodes("node1")


def read_exitstatus(node: Any, upid: str) -> str:
    return str(node.tasks(upid).status.get()["exitstatus"])


def test_restored_vm_is_as_it_was(node: Any) -> None:
    before = node.qemu(100).config.get()

    upid = node.qemu.post(vmid=300, archive=VM_ARCHIVE)

    config = node.qemu(300).config.get()
    assert upid.split(":")[5:7] == ["qmrestore", "300"]
    assert (config["name"], config["cores"], "lock" in config) == ("web", 4, False)
    assert config["scsi0"] == "local-lvm:vm-300-disk-0,size=32G"
    assert config["vmgenid"] != before["vmgenid"]
    assert node.qemu(300).status.current.get()["status"] == "stopped"
    volids = [one["volid"] for one in node.storage("local-lvm").content.get(vmid=300)]
    assert volids == ["local-lvm:vm-300-disk-0"]


@pytest.mark.parametrize(("unique", "same"), [(0, True), (1, False)], ids=["same", "unique"])
def test_unique_renews_the_addresses(node: Any, unique: int, same: bool) -> None:
    node.qemu.post(vmid=300, archive=VM_ARCHIVE)
    node.qemu.post(vmid=301, archive=VM_ARCHIVE, unique=unique)

    nets = [node.qemu(vmid).config.get()["net0"] for vmid in (300, 301)]
    assert (nets[0] == nets[1]) is same


def test_restore_goes_to_the_storage_with_changes(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_storage("files").with_pool("p")

    node.qemu.post(vmid=300, archive=VM_ARCHIVE, storage="files", name="new", start=1, pool="p")

    config = node.qemu(300).config.get()
    assert config["scsi0"] == "files:300/vm-300-disk-0.raw,size=32G"
    assert (config["name"], mock_builder.cluster.guests[300].pool) == ("new", "p")
    assert node.qemu(300).status.current.get()["status"] == "running"


def test_forced_restore_replaces_a_stopped_vm(node: Any) -> None:
    node.qemu.post(vmid=100, archive=VM_ARCHIVE, force=1)

    assert node.qemu(100).config.get()["name"] == "web"
    volids = [one["volid"] for one in node.storage("local-lvm").content.get(vmid=100)]
    assert volids == ["local-lvm:vm-100-disk-0"]


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"status": "running"}, "unable to restore VM 100 - vm is running"),
        ({"protection": 1}, "unable to restore VM 100 - protection mode enabled"),
        ({"lock": "snapshot"}, "unable to restore VM 100 - VM is locked (snapshot)"),
    ],
    ids=["running", "protected", "locked"],
)
def test_forced_restore_fails_in_the_task(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, description: dict[str, Any], message: str
) -> None:
    mock_builder.with_vm(100, **description)

    upid = node.qemu.post(vmid=100, archive=VM_ARCHIVE, force=1)

    assert read_exitstatus(node, upid) == message
    assert node.qemu(100).config.get()["name"] == "vm-100"


def test_restore_that_does_not_fit_leaves_nothing(node: Any) -> None:
    upid = node.qemu.post(vmid=300, archive=VM_ARCHIVE, storage="thick")

    assert read_exitstatus(node, upid).startswith(
        "unable to restore VM 300 - not enough free space"
    )
    assert [vm["vmid"] for vm in node.qemu.get()] == [100]
    assert node.storage("thick").content.get() == []


def test_restore_with_a_change_that_fails_leaves_nothing(node: Any) -> None:
    upid = node.qemu.post(vmid=300, archive=VM_ARCHIVE, ide2="local:iso/x.iso,media=cdrom")

    assert read_exitstatus(node, upid).endswith("volume local:iso/x.iso does not exist")
    assert node.storage("local-lvm").content.get(vmid=300) == []


@pytest.mark.parametrize(
    ("params", "status", "message"),
    [
        ({"vmid": 100, "archive": VM_ARCHIVE}, 500,
         "unable to restore VM 100 - VM 100 already exists on node 'node1'"),
        ({"vmid": 300, "archive": "local:backup/x.vma"}, 500,
         "volume 'local:backup/x.vma' does not exist"),
        ({"vmid": 300, "archive": "x"}, 500, "unable to parse volume ID 'x'"),
        ({"vmid": 300, "archive": CT_ARCHIVE}, 500, "is a backup of kind 'lxc', not 'qemu'"),
        ({"vmid": 300, "archive": VM_ARCHIVE, "storage": "local"}, 400,
         "storage 'local' does not support vm images"),
        ({"vmid": 300, "force": 1}, 400, "missing property required by 'force'"),
        ({"vmid": 300, "unique": 1}, 400, "missing property required by 'unique'"),
    ],
    ids=["taken", "missing", "no volume", "other kind", "storage", "force alone", "unique alone"],
)  # fmt: skip
def test_restore_is_refused(node: Any, params: dict[str, Any], status: int, message: str) -> None:
    with pytest.raises(ResourceException, match=f"^{status} ") as raised:
        node.qemu.post(**params)

    assert message in str(raised.value)
    assert [vm["vmid"] for vm in node.qemu.get()] == [100]


def test_restored_vm_is_locked_until_the_task_ends(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_task_duration(9)
    upid = node.qemu.post(vmid=300, archive=VM_ARCHIVE)

    during = node.qemu(300).config.get()["lock"]
    node.tasks(upid).delete()

    assert during == "create"
    assert [vm["vmid"] for vm in node.qemu.get()] == [100]


def test_restored_container_is_as_it_was(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    upid = node.lxc.post(
        vmid=300, ostemplate=CT_ARCHIVE, restore=1, storage="local-lvm", unique=1, memory=1024,
        start=1,
    )  # fmt: skip

    guest = mock_builder.cluster.container("node1", 300)
    assert upid.split(":")[5:7] == ["vzrestore", "300"]
    assert (read_exitstatus(node, upid), guest.is_running, guest.name) == ("OK", True, "restored")
    assert guest.config["rootfs"] == "local-lvm:vm-300-disk-0,size=8G"
    assert guest.config["memory"] == 1024
    assert "hwaddr=BC:24:11:FF:00:02" not in str(guest.config["net0"])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"vmid": 300, "ostemplate": CT_ARCHIVE}, "Parameter verification failed."),
        ({"vmid": 100, "ostemplate": CT_ARCHIVE, "storage": "thick", "force": 1},
         "VM 100 already exists on node 'node1'"),
        ({"vmid": 300, "ostemplate": VM_ARCHIVE, "storage": "thick"},
         f"archive '{VM_ARCHIVE}' is a backup of kind 'qemu', not 'lxc'"),
    ],
    ids=["local holds none", "a VM's id", "other kind"],
)  # fmt: skip
def test_restore_of_a_container_is_refused(node: Any, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ResourceException) as raised:
        node.lxc.post(restore=1, **params)

    assert raised.value.content == message


def test_container_that_does_not_fit_leaves_nothing(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    upid = node.lxc.post(
        vmid=300, ostemplate=CT_ARCHIVE, restore=1, storage="thick", rootfs="thick:4",
        mp0="thick:99,mp=/x",
    )  # fmt: skip

    assert read_exitstatus(node, upid).startswith("unable to restore CT 300 - not enough free")
    assert 300 not in mock_builder.cluster.guests
    assert node.storage("thick").content.get() == []


def test_container_comes_back_from_its_backup(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_container(201, name="web", mp0="local-lvm:2,mp=/data", tags="a")
    before = node.lxc(201).config.get()
    node.vzdump.post(vmid=201, storage="local", compress="zstd")
    (archive,) = (one["volid"] for one in node.storage("local").content.get(vmid=201))
    node.lxc(201).delete()

    upid = node.lxc.post(vmid=201, ostemplate=archive, restore=1, storage="local-lvm")

    volids = [one["volid"] for one in node.storage("local-lvm").content.get(vmid=201)]
    assert read_exitstatus(node, upid) == "OK"
    assert node.lxc(201).config.get() == before
    assert volids == ["local-lvm:vm-201-disk-0", "local-lvm:vm-201-disk-1"]


def test_forced_restore_replaces_an_idle_container(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_container(201, mp0="local-lvm:2,mp=/data")

    upid = node.lxc.post(vmid=201, ostemplate=CT_ARCHIVE, restore=1, storage="local-lvm", force=1)

    assert read_exitstatus(node, upid) == "OK"
    assert "mp0" not in node.lxc(201).config.get()
    assert len(node.storage("local-lvm").content.get(vmid=201)) == 1


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"status": "running"}, "can't overwrite running container"),
        ({"protection": 1}, "unable to restore CT 201 - protection mode enabled"),
        ({"lock": "snapshot"}, "unable to restore CT 201 - CT is locked (snapshot)"),
    ],
    ids=["running", "protected", "locked"],
)
def test_forced_restore_of_a_container_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, description: dict[str, Any], message: str
) -> None:
    mock_builder.with_container(201, **description)

    with pytest.raises(ResourceException) as raised:
        node.lxc.post(vmid=201, ostemplate=CT_ARCHIVE, restore=1, storage="local-lvm", force=1)

    assert raised.value.content == message


def test_unique_of_a_container_needs_a_restore(mock_builder: ProxmoxAPIMockBuilder) -> None:
    node = mock_builder.with_content("local:vztmpl/a.tar.gz").build_api().nodes("node1")

    with pytest.raises(ResourceException) as raised:
        node.lxc.post(vmid=300, ostemplate="local:vztmpl/a.tar.gz", unique=1)

    assert raised.value.errors == {"restore": "missing property required by 'unique'"}
