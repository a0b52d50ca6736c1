from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.cluster import Cluster
from tests.fixtures.proxmox.containers import Container
from tests.fixtures.proxmox.errors import DoubleError

VM_ARCHIVE = "local:backup/vzdump-qemu-100-2026_01_01-00_00_00.vma.zst"


@pytest.fixture
def node(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of node1, with a stopped VM 100."""
    return mock_builder.with_vm(100, name="web").build_api().nodes("node1")


def read_task(node: Any, upid: str) -> tuple[str, list[str]]:
    lines = [line["t"] for line in node.tasks(upid).log.get()]
    return node.tasks(upid).status.get()["exitstatus"], lines


def list_backups(node: Any) -> list[dict[str, Any]]:
    return list(node.storage("local").content.get(content="backup"))


def add_container(cluster: Cluster, vmid: int) -> None:
    cluster.guests[vmid] = Container(vmid, "node1", {"hostname": "ct", "memory": 512})


def test_backup_is_named_after_guest_and_clock(node: Any) -> None:
    upid = node.vzdump.post(vmid=100, storage="local", compress="zstd")

    (backup,) = list_backups(node)
    assert upid.split(":")[5:7] == ["vzdump", "100"]
    assert (backup["volid"], backup["format"], backup["subtype"]) == (VM_ARCHIVE, "vma.zst", "qemu")
    assert (backup["vmid"], backup["ctime"], backup["size"]) == (100, 1_767_225_600, 1 << 30)
    assert not {"notes", "protected"} & set(backup)


@pytest.mark.parametrize(
    ("compress", "extension"), [("0", "vma"), ("gzip", "vma.gz"), ("lzo", "vma.lzo")]
)
def test_compression_shows_in_the_format(node: Any, compress: str, extension: str) -> None:
    node.vzdump.post(vmid="100", compress=compress)

    assert [one["format"] for one in list_backups(node)] == [extension]


def test_container_is_backed_up_as_tar(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    add_container(mock_builder.cluster, 101)

    upid = node.vzdump.post(vmid="100,101", storage="local", compress="zstd")

    assert upid.split(":")[6] == ""
    assert sorted(one["format"] for one in list_backups(node)) == ["tar.zst", "vma.zst"]


def test_notes_and_protection_are_set(node: Any) -> None:
    template = "{{guestname}} {{vmid}} on {{node}}"

    node.vzdump.post(
        vmid=100, storage="local", protected=1, **{"notes-template": template}
    )  # fmt: skip

    (backup,) = list_backups(node)
    assert (backup["notes"], backup["protected"]) == ("web 100 on node1", 1)


def test_log_tells_what_was_done(node: Any) -> None:
    upid = node.vzdump.post(vmid=100, storage="local", mode="snapshot")

    exitstatus, lines = read_task(node, upid)
    assert exitstatus == "OK"
    assert lines[:2] == [
        "INFO: starting new backup job: vzdump 100 --storage local --mode snapshot",
        "INFO: Starting Backup of VM 100 (qemu)",
    ]
    assert "INFO: Backup job finished successfully" in lines


def test_guest_is_locked_while_its_backup_runs(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    began = mock_builder.with_task_duration(60).clock.now

    upid = node.vzdump.post(vmid=100, storage="local")
    during = (node.qemu(100).config.get()["lock"], list_backups(node))
    mock_builder.clock.advance(60)

    assert during == ("backup", [])
    assert "lock" not in node.qemu(100).config.get()
    assert read_task(node, upid)[1][0].startswith("INFO: starting new backup job")
    assert [one["ctime"] for one in list_backups(node)] == [began]


def test_stopped_backup_leaves_the_guest_unlocked(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_task_duration(60)
    node.vzdump.post(vmid=100, storage="local")

    answer = node.vzdump.post(stop=1)

    assert (answer, "lock" in node.qemu(100).config.get()) == ("OK", False)
    mock_builder.clock.advance(60)
    assert list_backups(node) == []


@pytest.mark.parametrize(
    ("params", "exitstatus", "line"),
    [
        ({"vmid": 999}, "job errors",
         "ERROR: Backup of VM 999 failed - unable to find VM '999'"),
        ({"vmid": 101}, "job errors", "ERROR: Backup of VM 101 failed - VM is locked (snapshot)"),
        ({"vmid": 100, "storage": "small"}, "job errors", "No space left on device"),
        ({"vmid": 100, "storage": "local-lvm"},
         "could not get storage information for 'local-lvm': can't use storage 'local-lvm' for "
         "backups - wrong content type", ""),
        ({"vmid": 100, "storage": "nope"},
         "could not get storage information for 'nope': storage 'nope' does not exist", ""),
    ],
    ids=["unknown", "locked", "full", "content", "storage"],
)  # fmt: skip
def test_backup_fails_in_the_task(
    mock_builder: ProxmoxAPIMockBuilder,
    node: Any,
    params: dict[str, Any],
    exitstatus: str,
    line: str,
) -> None:
    mock_builder.with_vm(101, lock="snapshot")
    mock_builder.with_storage("small", content="backup", total_gib=1, used_gib=1)

    upid = node.vzdump.post(**params)

    ended, lines = read_task(node, upid)
    assert (ended, any(line in one for one in lines)) == (exitstatus, True)
    assert list_backups(node) == []


@pytest.mark.parametrize(
    ("params", "name", "problem"),
    [
        ({}, "vmid", "property is missing"),
        ({"vmid": 100, "all": 1}, "all", "option conflicts with option 'vmid'"),
        ({"vmid": 100, "exclude": 101}, "exclude", "option conflicts with option 'vmid'"),
        ({"vmid": 100, "protected": 1}, "storage", "missing property required by 'protected'"),
        ({"vmid": 100, "stdout": 1}, "stdout", "only allowed on the command line"),
    ],
    ids=["nothing", "all", "exclude", "protected", "stdout"],
)
def test_backup_is_refused(node: Any, params: dict[str, Any], name: str, problem: str) -> None:
    with pytest.raises(ResourceException) as raised:
        node.vzdump.post(**params)

    assert problem in raised.value.errors[name]


def test_guests_of_other_nodes_are_left_to_them(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_vm(101, node="node2")

    answer = node.vzdump.post(vmid=101, storage="local")
    node.vzdump.post(all=1, storage="local")

    assert answer == "OK"
    assert [one["vmid"] for one in list_backups(node)] == [100]


def test_backup_prunes_older_ones(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    for _time in range(3):
        mock_builder.clock.advance(60)
        node.vzdump.post(vmid=100, storage="local", **{"prune-backups": "keep-last=2"})

    kept = [one["ctime"] for one in list_backups(node)]
    assert kept == [mock_builder.clock.now - 60, mock_builder.clock.now]


def test_backups_of_one_moment_keep_apart(node: Any) -> None:
    node.vzdump.post(vmid=100, storage="local")
    node.vzdump.post(vmid=100, storage="local")

    assert len(list_backups(node)) == 2


def test_configuration_can_be_read_from_a_backup(node: Any) -> None:
    node.vzdump.post(vmid=100, storage="local", compress="zstd")

    text = node.vzdump.extractconfig.get(volume=VM_ARCHIVE)

    assert "name: web\n" in text


@pytest.mark.parametrize(
    ("volume", "message"),
    [("local:backup/x.vma", "does not exist"), ("local:iso/a.iso", "is not a backup")],
)
def test_configuration_of_no_backup_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, volume: str, message: str
) -> None:
    mock_builder.with_content("local:iso/a.iso")

    with pytest.raises(ResourceException, match=message):
        node.vzdump.extractconfig.get(volume=volume)


def test_defaults_know_the_storage(node: Any) -> None:
    defaults = node.vzdump.defaults.get(storage="local")

    assert (defaults["mode"], defaults["storage"]) == ("snapshot", "local")
    assert defaults["prune-backups"] == "keep-all=1"


def test_described_backup_holds_the_guest(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_backup(100, notes="n", size_mib=3, ctime=1_767_225_600)

    (backup,) = list_backups(node)
    assert (backup["volid"], backup["notes"], backup["size"]) == (VM_ARCHIVE, "n", 3 << 20)
    assert "name: web\n" in node.vzdump.extractconfig.get(volume=VM_ARCHIVE)


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"kind": "lxc"}, "guest 100 is of kind 'qemu', not 'lxc'; give kind='qemu'"),
        ({"storage": "local-lvm"}, "holds images, rootdir, not backup"),
        ({"storage": "nope"}, "there is no storage 'nope'"),
    ],
    ids=["kind", "content", "storage"],
)
def test_description_of_a_backup_is_checked(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, description: dict[str, Any], message: str
) -> None:
    with pytest.raises(DoubleError, match=message):
        mock_builder.with_backup(100, **description)

    assert list_backups(node) == []
