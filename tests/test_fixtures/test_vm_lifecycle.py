from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder


@pytest.fixture
def node(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of node1."""
    return mock_builder.build_api().nodes("node1")


def test_created_vm_is_there_and_stopped(node: Any) -> None:
    upid = node.qemu.create(vmid="200", name="web", memory="1024", cores=2, onboot=True)

    config = node.qemu(200).config.get()
    assert upid.split(":")[5:7] == ["qmcreate", "200"]
    assert (config["name"], config["memory"], config["cores"]) == ("web", "1024", 2)
    assert config["onboot"] == 1
    assert "lock" not in config
    assert node.qemu(200).status.current.get()["status"] == "stopped"


def test_created_vm_starts_when_told(node: Any) -> None:
    node.qemu.create(vmid=200, start=1)

    assert node.qemu(200).status.current.get()["status"] == "running"


def test_taken_id_is_refused(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_vm(100)

    with pytest.raises(ResourceException) as raised:
        node.qemu.create(vmid=100)

    expected = "unable to create VM 100 - VM 100 already exists on node 'node1'"
    assert raised.value.content == expected


def test_id_is_taken_in_the_whole_cluster(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_vm(100, node="node2")

    with pytest.raises(ResourceException, match="already exists on node 'node2'"):
        node.qemu.create(vmid=100)


@pytest.mark.parametrize(
    ("scsi0", "status", "errors"),
    [
        ("nope:8", 500, None),
        ("local:8", 400, {"storage": "storage 'local' does not support vm images"}),
    ],
    ids=["unknown", "holds no images"],
)
def test_disk_on_an_unfit_storage_is_refused(
    node: Any, scsi0: str, status: int, errors: object
) -> None:
    with pytest.raises(ResourceException) as raised:
        node.qemu.create(vmid=200, scsi0=scsi0)

    assert (raised.value.status_code, raised.value.errors) == (status, errors)
    assert node.qemu.get() == []


def test_id_is_taken_while_the_creation_runs(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_task_duration(5)
    node.qemu.create(vmid=200, name="web")

    during = node.qemu(200).config.get()
    with pytest.raises(ResourceException, match="already exists"):
        node.qemu.create(vmid=200)
    mock_builder.clock.advance(5)

    assert (during["lock"], "name" in during) == ("create", False)
    assert node.qemu(200).config.get()["name"] == "web"


def test_stopped_creation_leaves_nothing(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_task_duration(5)
    upid = node.qemu.create(vmid=200)

    node.tasks(upid).delete()

    assert node.qemu.get() == []


def test_failed_creation_leaves_nothing(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_task_error("create", "disk full")

    upid = node.qemu.create(vmid=200)

    assert node.tasks(upid).status.get()["exitstatus"] == "disk full"
    assert node.qemu.get() == []


def test_deleted_vm_is_gone(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_vm(100)

    node.qemu(100).delete(purge=1, **{"destroy-unreferenced-disks": 1})

    with pytest.raises(ResourceException, match="does not exist"):
        node.qemu(100).config.get()


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"status": "running"}, "VM 100 is running - destroy failed"),
        ({"protection": 1}, "can't remove VM 100 - protection mode enabled"),
    ],
    ids=["running", "protected"],
)
def test_deletion_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, description: dict[str, Any], message: str
) -> None:
    mock_builder.with_vm(100, **description)

    with pytest.raises(ResourceException) as raised:
        node.qemu(100).delete()

    assert (raised.value.status_code, raised.value.content) == (500, message)
    assert 100 in mock_builder.cluster.guests


def test_clone_of_a_snapshot_has_its_disks(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_vm(100, scsi1="local-lvm:4").with_snapshot("one", 100)
    node.qemu(100).config.put(delete="scsi1", scsi2="local-lvm:2")

    node.qemu(100).clone.post(newid=101, snapname="one", full=1)

    config = node.qemu(101).config.get()
    assert [key for key in ("scsi0", "scsi1", "scsi2") if key in config] == ["scsi0", "scsi1"]
    assert config["scsi1"] == "local-lvm:vm-101-disk-1,size=4G"


@pytest.mark.parametrize(
    ("lock", "params", "exitstatus"),
    [
        ("backup", {}, "VM is locked (backup)"),
        ("suspended", {}, "OK"),
        ("backup", {"skiplock": 1}, "OK"),
    ],
    ids=["locked", "suspended", "skiplock"],
)
def test_lock_is_seen_by_the_task_of_a_deletion(
    mock_builder: ProxmoxAPIMockBuilder,
    node: Any,
    lock: str,
    params: dict[str, int],
    exitstatus: str,
) -> None:
    mock_builder.with_vm(100, lock=lock)

    upid = node.qemu(100).delete(**params)

    assert node.tasks(upid).status.get()["exitstatus"] == exitstatus
    assert (100 in mock_builder.cluster.guests) is (exitstatus != "OK")


@pytest.mark.parametrize(
    ("options", "boot"),
    [
        ({}, None),
        ({"net0": "virtio,bridge=vmbr0"}, "order=net0"),
        ({"virtio1": "local-lvm:1", "sata0": "local-lvm:1", "ide2": "none,media=cdrom",
          "net3": "virtio,bridge=vmbr0"}, "order=virtio1;ide2;net3"),
        ({"scsi0": "local-lvm:1", "boot": "order=net0"}, "order=net0"),
    ],
    ids=["nothing", "card", "one of each", "given"],
)  # fmt: skip
def test_new_vm_has_a_boot_order(node: Any, options: dict[str, str], boot: str | None) -> None:
    node.qemu.post(vmid=100, **options)

    assert node.qemu(100).config.get().get("boot") == boot


@pytest.mark.parametrize(
    ("deleted", "boot"),
    [("scsi0", "order=net0"), ("scsi0,net0", None), ("scsi1", "order=scsi0;net0")],
)
def test_removed_device_leaves_the_boot_order(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, deleted: str, boot: str | None
) -> None:
    mock_builder.with_vm(100, boot="order=scsi0;net0", scsi1="local-lvm:1")

    node.qemu(100).config.put(delete=deleted)

    assert node.qemu(100).config.get().get("boot") == boot


def test_vm_says_what_it_takes_from_its_host(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_vm(100).with_vm(101, status="running")

    stopped, running = sorted(node.qemu.get(), key=lambda vm: vm["vmid"])

    assert (stopped["memhost"], "pressurecpusome" in stopped) == (0, False)
    assert 0 < running["memhost"] < running["maxmem"]
    assert {
        running[f"pressure{what}{how}"]
        for what in ("cpu", "io", "memory")
        for how in ("some", "full")
    } == {0}


def test_clone_is_a_stopped_copy_with_its_own_identity(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_vm(100, status="running", cores=4, description="mine")

    upid = node.qemu(100).clone.post(newid=101, name="copy", full=1)

    source, clone = node.qemu(100).config.get(), node.qemu(101).config.get()
    own = ("name", "net0", "scsi0", "smbios1", "vmgenid", "digest")
    assert upid.split(":")[5:7] == ["qmclone", "100"]
    assert (clone["name"], clone["cores"], clone["description"]) == ("copy", 4, "mine")
    assert [key for key in own if clone[key] == source[key]] == []
    assert node.qemu(101).status.current.get()["status"] == "stopped"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"newid": 102}, "unable to create VM 102: config file already exists"),
        ({"newid": 200, "full": 0},
         "Linked clone feature is not supported for 'local-lvm:vm-100-disk-0' (scsi0)"),
        ({"newid": 200, "target": "nope"}, "no such cluster node 'nope'"),
        ({"newid": 200, "target": "node2"},
         "Can't clone VM to node 'node2' (VM uses local storage)"),
        ({"newid": 200, "storage": "nope"}, "storage 'nope' does not exist"),
        ({"newid": 200, "storage": "local-lvm", "full": 0},
         "parameter 'storage' not allowed for linked clones"),
    ],
    ids=["taken id", "linked", "unknown node", "local disks", "storage", "linked with storage"],
)  # fmt: skip
def test_clone_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, params: dict[str, Any], message: str
) -> None:
    mock_builder.with_node("node2").with_vm(100).with_vm(102)

    with pytest.raises(ResourceException) as raised:
        node.qemu(100).clone.post(**params)

    assert raised.value.content == message
    assert set(mock_builder.cluster.guests) == {100, 102}


def test_template_is_cloned_linked(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_vm(100, template=1, name="base")

    node.qemu(100).clone.post(newid=101)

    clone = node.qemu(101).config.get()
    assert (clone["name"], "template" in clone) == ("Copy-of-VM-base", False)


@pytest.mark.parametrize(("verb", "answers_upid"), [("put", False), ("post", True)])
def test_config_is_changed(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, verb: str, answers_upid: bool
) -> None:
    mock_builder.with_vm(100)

    answer = getattr(node.qemu(100).config, verb)(description="new", delete="ostype")

    config = node.qemu(100).config.get()
    assert (config["description"], "ostype" in config) == ("new", False)
    assert isinstance(answer, str) is answers_upid
    assert answer is None or ":qmconfig:100:" in answer


@pytest.mark.parametrize(
    ("params", "status", "message"),
    [
        ({}, 500, "no options specified"),
        ({"description": "x", "digest": "a" * 40}, 500,
         "checksum mismatch (file change by other user?)"),
        ({"delete": "foo"}, 400, "unknown option 'foo'"),
        ({"name": "x", "delete": "name"}, 400,
         "Can't use '-name' and '-delete name' at the same time"),
        ({"scsi1": "nope:8"}, 500, "storage 'nope' does not exist"),
    ],
    ids=["nothing", "digest", "delete unknown", "set and delete", "storage"],
)  # fmt: skip
def test_change_is_refused(
    mock_builder: ProxmoxAPIMockBuilder,
    node: Any,
    params: dict[str, Any],
    status: int,
    message: str,
) -> None:
    mock_builder.with_vm(100)
    before = node.qemu(100).config.get()

    with pytest.raises(ResourceException, match=f"^{status} ") as raised:
        node.qemu(100).config.put(**params)

    assert message in str(raised.value)
    assert node.qemu(100).config.get() == before


def test_change_with_the_right_digest_is_made(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_vm(100)
    digest = node.qemu(100).config.get()["digest"]

    node.qemu(100).config.put(description="new", digest=digest)

    assert node.qemu(100).config.get()["description"] == "new"


def test_locked_vm_is_not_changed(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_vm(100, lock="backup")

    with pytest.raises(ResourceException, match=r"VM is locked \(backup\)"):
        node.qemu(100).config.put(description="x")


def test_current_config_of_a_running_vm_has_the_sizing_it_started_with(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_vm(100, status="running", cores=2)
    node.qemu(100).config.put(cores=8)

    seen = [node.qemu(100).config.get(**params)["cores"] for params in ({}, {"current": 1})]

    assert seen == [8, 2]


def test_config_shows_the_lock_of_a_running_vm(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_vm(100, status="running", lock="backup")

    assert node.qemu(100).config.get()["lock"] == "backup"
