from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.containers import Container
from tests.fixtures.proxmox.storages import Volume

DISK = "local-lvm:vm-100-disk-0"
OBSTACLES: dict[str, tuple[str, str | int]] = {
    "template": ("template", 1),
    "locked": ("lock", "backup"),
}


@pytest.fixture
def api(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of node1 to node3, node3 offline, with VM 100 and container 200 on node1."""
    mock_builder.with_node("node2").with_node("node3", online=False)
    mock_builder.with_storage("thin", kind="lvmthin", content=("images", "rootdir"))
    mock_builder.with_storage("files", content=("images", "rootdir"))
    mock_builder.with_storage("shared", kind="rbd", shared=True, content=("images", "rootdir"))
    mock_builder.with_storage("here", nodes=("node1",)).with_vm(100)
    config: dict[str, str | int] = {"hostname": "ct", "rootfs": "local-lvm:vm-200-disk-0,size=8G"}
    mock_builder.cluster.guests[200] = Container(200, "node1", config)
    return mock_builder.build_api()


def exitstatus(api: Any, upid: str) -> object:
    return api.nodes(upid.split(":")[1]).tasks(upid).status.get()["exitstatus"]


def log_of(api: Any, upid: str) -> str:
    lines = api.nodes(upid.split(":")[1]).tasks(upid).log.get()
    return "\n".join(line["t"] for line in lines)


def test_stopped_vm_moves_with_its_disks(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    before = dict(mock_builder.cluster.guests[100].config)

    upid = api.nodes("node1").qemu(100).migrate.post(target="node2")

    assert upid.split(":")[1:7:4] == ["node1", "qmigrate"]
    assert exitstatus(api, upid) == "OK"
    assert "starting migration of VM 100 to node 'node2'" in log_of(api, upid)
    assert [vm["vmid"] for vm in api.nodes("node1").qemu.get()] == []
    assert mock_builder.cluster.vm("node2", 100).config == before


def test_running_vm_goes_on_in_a_new_process(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_vm_status("running", 100)
    pid = mock_builder.cluster.guests[100].pid

    params = {"target": "node2", "online": 1, "with-local-disks": 1}
    api.nodes("node1").qemu(100).migrate.post(**params)

    status = api.nodes("node2").qemu(100).status.current.get()
    assert (status["status"], status["pid"] == pid) == ("running", False)


def test_vm_on_shared_storage_moves_while_running(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_vm(100, status="running", scsi0="shared:8")

    upid = api.nodes("node1").qemu(100).migrate.post(target="node2", online=1)

    assert exitstatus(api, upid) == "OK"


@pytest.mark.parametrize(
    ("storages", "scsi0"),
    [
        ("files", "files:100/vm-100-disk-0.raw,size=32G"),
        ("local-lvm:thin", "thin:vm-100-disk-0,size=32G"),
        ("here:thin", "local-lvm:vm-100-disk-0,size=32G"),
        ("1", "local-lvm:vm-100-disk-0,size=32G"),
    ],
    ids=["all", "by storage", "another storage", "same"],
)
def test_disks_go_to_the_target_storage(
    mock_builder: ProxmoxAPIMockBuilder, api: Any, storages: str, scsi0: str
) -> None:
    volumes = mock_builder.cluster.storages["local-lvm"].volumes
    volumes[DISK] = Volume(DISK, "images", "raw", 32 << 30, 0, 100)

    api.nodes("node1").qemu(100).migrate.post(target="node2", targetstorage=storages)

    listed = [volid for one in mock_builder.cluster.storages.values() for volid in one.volumes]
    assert api.nodes("node2").qemu(100).config.get()["scsi0"] == scsi0
    assert listed == [scsi0.partition(",")[0]]


@pytest.mark.parametrize(
    ("params", "status", "message"),
    [
        ({"target": "node1"}, 400, "target is local node."),
        ({"target": "nope"}, 500, "no such cluster node 'nope'"),
        ({"target": "node2", "targetstorage": "nope"}, 500, "storage 'nope' does not exist"),
        ({"target": "node2", "targetstorage": "here"}, 500,
         "storage 'here' is not available on node 'node2'"),
        ({"target": "node2", "targetstorage": "local"}, 500,
         "storage 'local' does not support vm images"),
    ],
    ids=["same node", "unknown node", "no storage", "storage elsewhere", "no images"],
)  # fmt: skip
def test_migration_is_refused(
    mock_builder: ProxmoxAPIMockBuilder,
    api: Any,
    params: dict[str, Any],
    status: int,
    message: str,
) -> None:
    with pytest.raises(ResourceException, match=f"^{status} ") as raised:
        api.nodes("node1").qemu(100).migrate.post(**params)

    assert message in str(raised.value)
    assert mock_builder.cluster.guests[100].node == "node1"


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"lock": "backup"}, "VM is locked (backup)"),
        ({"status": "running"}, "can't migrate running VM without --online"),
        ({"scsi0": "here:8"}, "storage 'here' is not available on node 'node2'"),
    ],
    ids=["locked", "running", "storage"],
)
def test_vm_that_cannot_move_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, api: Any, description: dict[str, Any], message: str
) -> None:
    mock_builder.with_vm(100, **description)

    with pytest.raises(ResourceException) as raised:
        api.nodes("node1").qemu(100).migrate.post(target="node2")

    assert raised.value.content == message


@pytest.mark.parametrize(
    ("description", "params", "problem"),
    [
        ({}, {"target": "node3"}, "Can't connect to destination address using public key"),
        ({"hostpci0": "0000:01:00"}, {}, "can't migrate VM which uses local devices: hostpci0"),
        ({"ide2": "local:iso/a.iso,media=cdrom"}, {},
         "can't migrate local disk 'local:iso/a.iso': local cdrom image"),
        ({"status": "running"}, {"online": 1},
         f"can't migrate local disk '{DISK}': can't live migrate attached local disks"),
    ],
    ids=["offline node", "local device", "CD-ROM", "local disks"],
)  # fmt: skip
def test_migration_is_aborted(
    mock_builder: ProxmoxAPIMockBuilder,
    api: Any,
    description: dict[str, Any],
    params: dict[str, Any],
    problem: str,
) -> None:
    mock_builder.with_vm(100, **description)

    upid = api.nodes("node1").qemu(100).migrate.post(**{"target": "node2", **params})

    assert exitstatus(api, upid) == "migration aborted"
    assert f"ERROR: {problem}" in log_of(api, upid)
    assert mock_builder.cluster.guests[100].node == "node1"


@pytest.mark.parametrize(
    ("storage", "live", "problem"),
    [
        ("thin", False, "non-migratable snapshot exists"),
        ("files", False, None),
        ("files", True, "online storage migration not possible if snapshot exists"),
        ("shared", True, None),
    ],
)
def test_snapshots_on_local_storage_hinder_a_migration(
    mock_builder: ProxmoxAPIMockBuilder, api: Any, storage: str, live: bool, problem: str | None
) -> None:
    mock_builder.with_vm(100, scsi0=f"{storage}:8", status="running" if live else "stopped")
    mock_builder.with_snapshot("s1", 100)

    params = {"target": "node2", "online": 1, "with-local-disks": 1}
    upid = api.nodes("node1").qemu(100).migrate.post(**params)

    assert exitstatus(api, upid) == ("migration aborted" if problem else "OK")
    assert (problem or "") in log_of(api, upid)


def test_snapshots_follow_their_disks(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_storage("files2").with_vm(100, scsi0="files:8").with_snapshot("s1", 100)

    api.nodes("node1").qemu(100).migrate.post(target="node2", targetstorage="files2")

    guest = api.nodes("node2").qemu(100)
    expected = "files2:100/vm-100-disk-0.qcow2,size=8G"
    assert guest.config.get()["scsi0"] == guest.config.get(snapshot="s1")["scsi0"] == expected


def test_force_moves_a_stopped_vm_with_local_devices(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_vm(100, serial0="/dev/ttyS0", usb0="spice")

    upid = api.nodes("node1").qemu(100).migrate.post(target="node2", force=1)

    assert exitstatus(api, upid) == "OK"


def test_migrating_vm_is_locked_and_stays_until_the_end(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_task_duration(5)
    api.nodes("node1").qemu(100).migrate.post(target="node2")

    during = api.nodes("node1").qemu(100).config.get()["lock"]
    mock_builder.clock.advance(5)

    assert during == "migrate"
    assert "lock" not in api.nodes("node2").qemu(100).config.get()


def test_preconditions_of_a_stopped_vm(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_vm(100, scsi1="here:8", hostpci0="mapping=gpu", usb0="host=1:2")

    answer = api.nodes("node1").qemu(100).migrate.get(target="node2")

    elsewhere = {"unavailable_storages": ["here"]}
    assert (answer["running"], answer["allowed_nodes"]) == (0, [])
    assert answer["not_allowed_nodes"] == {"node2": elsewhere, "node3": elsewhere}
    assert [disk["volid"] for disk in answer["local_disks"]] == [
        "local-lvm:vm-100-disk-0", "here:100/vm-100-disk-1.qcow2",
    ]  # fmt: skip
    assert (answer["local_resources"], answer["mapped-resources"]) == (["usb0"], ["hostpci0"])
    assert answer["mapped-resource-info"] == {"hostpci0": {"name": "gpu"}}


def test_preconditions_allow_other_nodes(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_vm(100, scsi0="shared:8")

    answer = api.nodes("node1").qemu(100).migrate.get()

    assert answer["allowed_nodes"] == ["node2", "node3"]
    assert (answer["local_disks"], answer["local_resources"]) == ([], [])


def test_preconditions_of_a_running_vm_name_no_nodes(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_vm_status("running", 100)

    answer = api.nodes("node1").qemu(100).migrate.get()

    assert (answer["running"], "allowed_nodes" in answer) == (1, False)
    assert answer["local_disks"][0]["size"] == 32 << 30


@pytest.mark.parametrize(("running", "status"), [(False, "stopped"), (True, "running")])
def test_container_moves(
    mock_builder: ProxmoxAPIMockBuilder, api: Any, running: bool, status: str
) -> None:
    mock_builder.with_storage("local-lvm", kind="lvmthin", content=("rootdir",))
    container = mock_builder.cluster.container("node1", 200)
    if running:
        container.power_on(0, 1)

    upid = api.nodes("node1").lxc(200).migrate.post(target="node2", restart=1)

    assert (upid.split(":")[5], exitstatus(api, upid)) == ("vzmigrate", "OK")
    assert (container.node, container.status) == ("node2", status)


def test_running_container_needs_to_be_told(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.cluster.guests[200].power_on(0, 1)

    with pytest.raises(ResourceException) as raised:
        api.nodes("node1").lxc(200).migrate.post(target="node2")

    expected = "can't migrate running container without --online or --restart"
    assert raised.value.content == expected


@pytest.mark.parametrize(
    ("config", "running", "problem"),
    [
        ({"lock": "backup"}, False, "CT is locked (backup)"),
        ({}, True, "lxc live migration is currently not implemented"),
        ({"mp0": "/srv/data,mp=/data"}, False, "cannot migrate local bind mount point 'mp0'"),
        ({"mp1": "/dev/sdb,mp=/data"}, False, "cannot migrate local device mount point 'mp1'"),
    ],
    ids=["locked", "live", "bind mount", "device"],
)
def test_container_migration_is_aborted(
    mock_builder: ProxmoxAPIMockBuilder,
    api: Any,
    config: dict[str, str | int],
    running: bool,
    problem: str,
) -> None:
    container = mock_builder.cluster.container("node1", 200)
    container.config.update(config)
    container.is_running = running

    upid = api.nodes("node1").lxc(200).migrate.post(target="node2", online=1)

    assert exitstatus(api, upid) == "migration aborted"
    assert f"ERROR: {problem}" in log_of(api, upid)
    assert container.node == "node1"


def test_shared_mount_point_may_stay(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.cluster.guests[200].config["mp0"] = "/srv/data,mp=/data,shared=1"

    upid = api.nodes("node1").lxc(200).migrate.post(target="node2")

    assert exitstatus(api, upid) == "OK"


def test_preconditions_of_a_container(api: Any) -> None:
    answer = api.nodes("node1").lxc(200).migrate.get()

    assert answer == {
        "running": 0, "allowed-nodes": ["node2", "node3"], "not-allowed-nodes": {},
    }  # fmt: skip


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
    volumes = mock_builder.cluster.storages["local-lvm"].volumes
    volumes[DISK] = Volume(DISK, "images", "raw", 32 << 30, 0, 100)
    new = scsi0.partition(",")[0]

    upid = api.nodes("node1").qemu(100).move_disk.post(disk="scsi0", **params)

    config = api.nodes("node1").qemu(100).config.get()
    assert upid.split(":")[5] == "qmmove"
    assert (config["scsi0"], config.get("unused0")) == (scsi0, unused0)
    assert new in mock_builder.cluster.storages[params["storage"]].volumes
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
    mock_builder.with_vm(100, scsi0="files:8")

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
    volumes = mock_builder.cluster.storages["local-lvm"].volumes
    volumes[DISK] = Volume(DISK, "images", "raw", 32 << 30, 0, 100)

    answer = api.nodes("node1").qemu(100).unlink.put(idlist="scsi0", force=force)

    config = api.nodes("node1").qemu(100).config.get()
    assert (answer, "scsi0" in config, config.get("unused0")) == (None, False, unused)
    assert (DISK in volumes) is (unused is not None)


def test_vm_becomes_a_template(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_storage("thick", kind="lvm").with_vm(100, scsi1="thick:8", scsi2="files:8")

    upid = api.nodes("node1").qemu(100).template.post()

    config = api.nodes("node1").qemu(100).config.get()
    disks = [config[f"scsi{number}"].partition(",")[0] for number in range(3)]
    assert (upid.split(":")[5], config["template"]) == ("qmtemplate", 1)
    assert disks == [
        "local-lvm:base-100-disk-0", "thick:vm-100-disk-1", "files:100/base-100-disk-2.qcow2",
    ]  # fmt: skip


def test_container_becomes_a_template(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    answer = api.nodes("node1").lxc(200).template.post()

    config = mock_builder.cluster.guests[200].config
    (task,) = api.nodes("node1").tasks.get()
    assert (answer, task["type"], task["status"]) == (None, "vztemplate", "OK")
    assert (config["template"], config["rootfs"]) == (1, "local-lvm:base-200-disk-0,size=8G")


def test_container_on_lvm_cannot_become_a_template(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_storage("local-lvm", kind="lvm", content=("rootdir",))

    api.nodes("node1").lxc(200).template.post()

    (task,) = api.nodes("node1").tasks.get()
    assert task["status"] == "Template feature is not available for 'local-lvm:vm-200-disk-0'"
    assert "template" not in mock_builder.cluster.guests[200].config


@pytest.mark.parametrize(
    ("obstacle", "message"),
    [
        ("snapshot", "unable to create template, because {label} contains snapshots"),
        ("template", "you can't convert a template to a template"),
        ("running", "you can't convert a {label} to template if {subject} running"),
        ("locked", "{label} is locked (backup)"),
    ],
)
@pytest.mark.parametrize(
    ("vmid", "label", "subject"), [(100, "VM", "VM is"), (200, "CT", "the CT is")]
)
def test_guest_that_cannot_become_a_template(  # noqa: PLR0913, PLR0917 - two tables
    mock_builder: ProxmoxAPIMockBuilder,
    api: Any,
    obstacle: str,
    message: str,
    vmid: int,
    label: str,
    subject: str,
) -> None:
    guest = mock_builder.cluster.guests[vmid]
    if obstacle == "snapshot":
        mock_builder.with_snapshot("s1", vmid)
    guest.is_running = obstacle == "running"
    if obstacle in OBSTACLES:
        key, value = OBSTACLES[obstacle]
        guest.config[key] = value

    with pytest.raises(ResourceException) as raised:
        (api.nodes("node1").qemu if vmid == 100 else api.nodes("node1").lxc)(vmid).template.post()

    assert raised.value.content == message.format(label=label, subject=subject)


@pytest.mark.parametrize(
    ("kind", "feature", "snapname", "has"),
    [
        ("lvmthin", "snapshot", None, 1),
        ("lvmthin", "clone", None, 0),
        ("lvmthin", "clone", "s1", 1),
        ("lvmthin", "copy", "s1", 1),
        ("zfspool", "copy", "s1", 0),
        ("lvm", "snapshot", None, 0),
        ("lvm", "copy", None, 1),
        ("dir", "snapshot", None, 1),
    ],
)
def test_feature_depends_on_the_storage(  # noqa: PLR0913, PLR0917 - one table
    mock_builder: ProxmoxAPIMockBuilder,
    api: Any,
    kind: str,
    feature: str,
    snapname: str | None,
    has: int,
) -> None:
    mock_builder.with_storage("pool", kind=kind).with_vm(100, scsi0="pool:8")
    mock_builder.with_snapshot("s1", 100)

    answer = api.nodes("node1").qemu(100).feature.get(feature=feature, snapname=snapname)

    assert answer == {"hasFeature": has, "nodes": ["node1"]}


def test_feature_names_all_nodes_of_shared_storage(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_vm(100, scsi0="shared:8")

    answer = api.nodes("node1").qemu(100).feature.get(feature="copy")

    assert answer["nodes"] == ["node1", "node2", "node3"]


def test_feature_of_a_container_names_no_nodes(api: Any) -> None:
    assert api.nodes("node1").lxc(200).feature.get(feature="snapshot") == {"hasFeature": 1}


def test_feature_of_an_unknown_snapshot_is_refused(api: Any) -> None:
    with pytest.raises(ResourceException, match="snapshot 'none' does not exist"):
        api.nodes("node1").lxc(200).feature.get(feature="copy", snapname="none")


@pytest.mark.parametrize("kind", ["qemu", "lxc"])
def test_move_between_clusters_is_not_simulated(
    mock_builder: ProxmoxAPIMockBuilder, api: Any, kind: str
) -> None:
    with mock_builder.expect_violation(), pytest.raises(ResourceException, match="501"):
        getattr(api.nodes("node1"), kind)(100).remote_migrate.post()
