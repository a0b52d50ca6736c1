import re
from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError

GIB = 1 << 30


@pytest.fixture
def node(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of node1, with storages of several types for disks."""
    mock_builder.with_storage("files", content="images,iso,import,snippets")
    mock_builder.with_storage("thick", kind="lvm", total_gib=20, used_gib=0)
    mock_builder.with_storage("tank", kind="zfspool", content="images,rootdir")
    return mock_builder.build_api().nodes("node1")


def read_task(node: Any, upid: str) -> tuple[str, list[str]]:
    lines = [line["t"] for line in node.tasks(upid).log.get()]
    return node.tasks(upid).status.get()["exitstatus"], lines


def test_content_is_listed_and_filtered(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_content("local:iso/a.iso", size_mib=1).with_backup(100)

    listed = node.storage("local").content.get()
    isos = node.storage("local").content.get(content="iso")
    of_guest = node.storage("local").content.get(vmid=100)

    iso = {"volid": "local:iso/a.iso", "content": "iso", "format": "iso", "size": 1 << 20}
    assert isos == [{**iso, "ctime": mock_builder.clock.now}]
    assert [one["content"] for one in listed] == ["backup", "iso"]
    assert [(one["subtype"], one["format"]) for one in of_guest] == [("qemu", "vma.zst")]


@pytest.mark.parametrize(
    ("storage", "params", "volid"),
    [
        ("files", {"filename": "vm-100-disk-0.raw"}, "files:100/vm-100-disk-0.raw"),
        ("files", {"filename": "vm-100-disk-0.qcow2"}, "files:100/vm-100-disk-0.qcow2"),
        ("files", {"filename": "x", "format": "qcow2"}, "files:100/x.qcow2"),
        ("local-lvm", {"filename": "vm-100-disk-7"}, "local-lvm:vm-100-disk-7"),
    ],
    ids=["raw", "extension", "format", "lvmthin"],
)
def test_image_is_allocated(node: Any, storage: str, params: dict[str, Any], volid: str) -> None:
    answer = node.storage(storage).content.post(vmid=100, size="2G", **params)

    listed = node.storage(storage).content.get()
    assert answer == volid
    assert [(one["volid"], one["size"], one["vmid"]) for one in listed] == [(volid, 2 * GIB, 100)]


@pytest.mark.parametrize(
    ("storage", "params", "message"),
    [
        ("files", {"filename": "vm-100-disk-0.raw"},
         "disk image '/mnt/pve/files/images/100/vm-100-disk-0.raw' already exists"),
        ("local-lvm", {"filename": "foo"}, "illegal name 'foo' - should be 'vm-100-*'"),
        ("local-lvm", {"filename": "vm-100-disk-1", "format": "qcow2"},
         "unsupported format 'qcow2'"),
        ("thick", {"filename": "vm-100-disk-1", "size": "21G"},
         "not enough free space (20971520 < 22020096)"),
        ("nope", {"filename": "x"}, "storage 'nope' does not exist"),
    ],
    ids=["taken", "name", "format", "full", "storage"],
)  # fmt: skip
def test_allocation_is_refused(
    node: Any, storage: str, params: dict[str, Any], message: str
) -> None:
    node.storage("files").content.post(vmid=100, size="1G", filename="vm-100-disk-0.raw")

    with pytest.raises(ResourceException) as raised:
        node.storage(storage).content.post(**{"vmid": 100, "size": "1G", **params})

    assert (raised.value.status_code, raised.value.content) == (500, message)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"enabled": False}, "storage 'off' is disabled"),
        ({"active": False}, "storage 'off' is not online"),
        ({"nodes": ["node2"]}, "storage 'off' is not available on node 'node1'"),
    ],
    ids=["disabled", "inactive", "elsewhere"],
)
def test_content_of_an_unusable_storage_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, state: dict[str, Any], message: str
) -> None:
    mock_builder.with_storage("off", **state)

    with pytest.raises(ResourceException, match=message):
        node.storage("off").content.get()


@pytest.mark.parametrize(
    "spelling", ["local:iso/a.iso", "iso/a.iso", "local:iso%2Fa.iso"],
    ids=["volid", "name alone", "escaped"],
)  # fmt: skip
def test_volume_is_found_by_every_spelling(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, spelling: str
) -> None:
    mock_builder.with_content("local:iso/a.iso", size_mib=1)

    info = node.storage("local").content(spelling).get()

    path = "/var/lib/vz/template/iso/a.iso"
    assert info == {"path": path, "size": 1 << 20, "used": 1 << 20, "format": "iso"}


@pytest.mark.parametrize(
    ("volume", "status", "message"),
    [
        ("local:iso/x.iso", 500, "volume_size_info on 'local:iso/x.iso' failed - no format"),
        ("files:iso/x.iso", 400, "storage ID mismatch (files != local)"),
        ("x.iso", 500, "unable to parse directory volume name 'x.iso'"),
    ],
    ids=["missing", "other storage", "no directory"],
)
def test_volume_is_refused(node: Any, volume: str, status: int, message: str) -> None:
    with pytest.raises(ResourceException, match=f"^{status} ") as raised:
        node.storage("local").content(volume).get()

    assert message in str(raised.value)


def test_notes_and_protection_of_a_backup_are_kept(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_backup(100)
    volid = node.storage("local").content.get()[0]["volid"]

    answer = node.storage("local").content(volid).put(notes="mine", protected=1)

    entry = node.storage("local").content.get()[0]
    assert (answer, entry["notes"], entry["protected"]) == (None, "mine", 1)


def test_number_of_protected_backups_can_be_limited(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_backup(100, protected=True).with_backup(100, ctime=1_767_000_000)
    mock_builder.build_api().storage("local").put(**{"max-protected-backups": 1})
    volid = node.storage("local").content.get()[0]["volid"]

    with pytest.raises(ResourceException, match="per guest is limited to 1 on storage 'local'"):
        node.storage("local").content(volid).put(protected=1)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"notes": "x"}, "only backups can have notes"),
        ({"protected": 1}, "only backups support attribute 'protected'"),
    ],
    ids=["notes", "protected"],
)
def test_only_backups_have_attributes(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, params: dict[str, Any], message: str
) -> None:
    mock_builder.with_content("local:iso/a.iso")

    with pytest.raises(ResourceException, match=message):
        node.storage("local").content("local:iso/a.iso").put(**params)


def test_deleted_volume_is_gone_when_the_task_ends(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_content("local:iso/a.iso").with_task_duration(5)

    upid = node.storage("local").content("local:iso/a.iso").delete()
    during = node.storage("local").content.get()
    mock_builder.clock.advance(5)

    assert upid.split(":")[5:7] == ["imgdel", "local"]
    assert (len(during), node.storage("local").content.get()) == (1, [])
    assert read_task(node, upid) == ("OK", ["Removed volume 'local:iso/a.iso'", "TASK OK"])


def test_content_that_the_storage_is_not_for_is_not_listed(node: Any) -> None:
    volid = node.storage("local").content.post(vmid=100, size="1G", filename="vm-100-disk-0.raw")

    assert node.storage("local").content.get() == []
    assert node.storage("local").content(volid).get()["size"] == GIB


def test_deletion_of_a_missing_volume_only_warns(node: Any) -> None:
    upid = node.storage("local").content("local:iso/a.iso").delete()

    exitstatus, lines = read_task(node, upid)
    assert (exitstatus, lines[0]) == ("OK", "disk image 'iso/a.iso' does not exist")


def test_protected_backup_stays(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_backup(100, protected=True)
    volid = node.storage("local").content.get()[0]["volid"]

    upid = node.storage("local").content(volid).delete()

    name = volid.partition(":")[2]
    assert read_task(node, upid)[0] == f"cannot remove protected volume '{name}' on 'local'"
    assert upid.split(":")[6] == "100@local"
    assert len(node.storage("local").content.get()) == 1


def test_deletion_with_a_delay_answers_the_outcome(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_content("local:iso/a.iso").with_backup(100, protected=True)
    volid = node.storage("local").content.get(content="backup")[0]["volid"]

    answer = node.storage("local").content("local:iso/a.iso").delete(delay=5)

    assert answer is None
    with pytest.raises(ResourceException, match="cannot remove protected volume"):
        node.storage("local").content(volid).delete(delay=5)


def test_disks_of_a_vm_are_content_and_go_with_it(node: Any) -> None:
    node.qemu.post(vmid=100, scsi0="thick:4", scsi1="files:2,format=qcow2", ide2="files:cloudinit")

    listed = [
        (one["volid"], one["size"]) for name in ("files", "thick")
        for one in node.storage(name).content.get(vmid=100)
    ]  # fmt: skip
    used = node.storage("thick").status.get()["used"]
    node.qemu(100).delete()

    assert listed == [
        ("files:100/vm-100-cloudinit.qcow2", 4 << 20),
        ("files:100/vm-100-disk-0.qcow2", 2 * GIB),
        ("thick:vm-100-disk-0", 4 * GIB),
    ]
    assert (used, node.storage("thick").status.get()["used"]) == (4 * GIB, 0)
    assert node.storage("files").content.get() == []


@pytest.mark.parametrize(("flag", "left"), [(0, 1), (1, 0)], ids=["kept", "destroyed"])
def test_unreferenced_disk_goes_only_when_told(node: Any, flag: int, left: int) -> None:
    node.qemu.post(vmid=100, scsi0="thick:4")
    node.storage("thick").content.post(vmid=100, filename="vm-100-disk-9", size="1G")

    node.qemu(100).delete(**{"destroy-unreferenced-disks": flag})

    assert len(node.storage("thick").content.get()) == left


def test_creation_fails_in_the_task_when_the_storage_is_full(node: Any) -> None:
    upid = node.qemu.post(vmid=100, scsi0="thick:15", scsi1="thick:15")

    message = "unable to create VM 100 - not enough free space (5242880 < 15728640)"
    assert read_task(node, upid)[0] == message
    assert (node.qemu.get(), node.storage("thick").content.get()) == ([], [])


@pytest.mark.parametrize(
    ("storage", "size", "expected"),
    [
        ("local-lvm", 9000, "OK"),
        ("files", 9000, "OK"),
        ("tank", 9000, "zfs error: cannot create 'tank/vm-100-disk-0': out of space"),
    ],
    ids=["thin pool", "sparse file", "zfs"],
)
def test_only_thick_storage_refuses_more_than_it_has(
    node: Any, storage: str, size: int, expected: str
) -> None:
    upid = node.qemu.post(vmid=100, scsi0=f"{storage}:{size}")

    assert read_task(node, upid)[0].endswith(expected)


@pytest.mark.parametrize(
    ("disk", "message"),
    [
        ("local:iso/nope.iso,media=cdrom", "volume local:iso/nope.iso does not exist"),
        ("local-lvm:vm-100-disk-7", "volume local-lvm:vm-100-disk-7 does not exist"),
        ("local-lvm:1,format=qcow2", "unsupported format 'qcow2'"),
        ("8", "no storage ID specified (and no default storage)"),
    ],
    ids=["iso", "disk", "format", "no storage"],
)
def test_creation_fails_in_the_task_for_a_disk(node: Any, disk: str, message: str) -> None:
    upid = node.qemu.post(vmid=100, scsi0=disk)

    assert read_task(node, upid)[0] == f"unable to create VM 100 - {message}"
    assert node.qemu.get() == []


def test_default_storage_takes_disks_without_one(node: Any) -> None:
    node.qemu.post(vmid=100, scsi0="8", storage="thick")

    assert node.qemu(100).config.get()["scsi0"] == "thick:vm-100-disk-0,size=8G"


def test_clone_that_does_not_fit_leaves_nothing(node: Any) -> None:
    node.qemu.post(vmid=100, scsi0="thick:12")

    upid = node.qemu(100).clone.post(newid=101, full=1)

    assert read_task(node, upid)[0].startswith("clone failed: not enough free space")
    assert [vm["vmid"] for vm in node.qemu.get()] == [100]
    assert len(node.storage("thick").content.get()) == 1


def test_template_is_kept_while_clones_depend_on_it(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_vm(100, template=1)
    node.qemu(100).clone.post(newid=101)

    upid = node.qemu(100).delete()
    base = node.storage("local-lvm").content("base-100-disk-0").delete()

    expected = "base volume '{}' is still in use by linked cloned"
    assert read_task(node, upid)[0] == expected.format("local-lvm:base-100-disk-0")
    assert read_task(node, base)[0] == expected.format("base-100-disk-0")
    node.qemu(101).delete()
    assert read_task(node, node.qemu(100).delete())[0] == "OK"


def test_described_vm_replaces_the_volumes_of_the_one_before(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_vm(100).with_vm(100).with_vm(101).with_vm_not_found_error(101)

    volids = [one["volid"] for one in node.storage("local-lvm").content.get()]

    assert volids == ["local-lvm:vm-100-disk-0"]


@pytest.mark.parametrize(
    ("volid", "changes", "message"),
    [
        ("a.iso", {}, "'a.iso' is no volume id of a file; give one of storage:iso/name"),
        ("local:disk/a.iso", {}, "is no volume id of a file"),
        ("local:iso/a.txt", {}, "'a.txt' has no extension that iso has in Proxmox VE"),
        ("nope:iso/a.iso", {}, "there is no storage 'nope', but local, local-lvm"),
        ("local:import/a.qcow2", {}, "the storage 'local' holds iso, vztmpl, backup, not import"),
        ("local:iso/a.iso", {"notes": "x"}, "only backups have notes"),
        ("local:iso/a.iso", {"size_mib": 1 << 20}, "doesn't fit into 92160 MiB"),
    ],
    ids=["no volid", "folder", "extension", "storage", "content", "notes", "size"],
)
def test_description_of_content_is_checked(
    mock_builder: ProxmoxAPIMockBuilder, volid: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(DoubleError, match=re.escape(message)):
        mock_builder.with_content(volid, **changes)
