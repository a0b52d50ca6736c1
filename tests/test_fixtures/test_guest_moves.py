from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder

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


def listed(api: Any, node: str, vmid: int) -> list[str]:
    """The volumes of the guest that the storages of the node list."""
    storages = [one["storage"] for one in api.nodes(node).storage.get()]
    contents = [api.nodes(node).storage(name).content.get(vmid=vmid) for name in storages]
    return [volume["volid"] for content in contents for volume in content]


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

    params = {"target": "node2", "online": 1, "targetstorage": "files"}
    upid = api.nodes("node1").qemu(100).migrate.post(**params)

    config = api.nodes("node2").qemu(100).config.get()
    assert (exitstatus(api, upid), config["scsi0"]) == ("OK", "shared:vm-100-disk-0,size=8G")


def test_shared_storage_has_to_be_on_the_target(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_storage("some", kind="rbd", shared=True, nodes=("node1", "node3"))
    mock_builder.with_vm(100, scsi0="some:8")

    with pytest.raises(ResourceException) as raised:
        api.nodes("node1").qemu(100).migrate.post(target="node2", targetstorage="files")

    assert raised.value.content == "storage 'some' is not available on node 'node2'"


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
def test_disks_go_to_the_target_storage(api: Any, storages: str, scsi0: str) -> None:
    api.nodes("node1").qemu(100).migrate.post(target="node2", targetstorage=storages)

    assert api.nodes("node2").qemu(100).config.get()["scsi0"] == scsi0
    assert listed(api, "node1", 100) == []
    assert listed(api, "node2", 100) == [scsi0.partition(",")[0]]


@pytest.mark.parametrize(
    ("params", "status", "message"),
    [
        ({"target": "node1"}, 400, "target is local node."),
        ({"target": "nope"}, 500, "no such cluster node 'nope'"),
        ({"target": "node2", "targetstorage": "nope"}, 500, "storage 'nope' does not exist"),
        ({"target": "node2", "targetstorage": "here"}, 500,
         "storage 'here' is not available on node 'node2'"),
        ({"target": "node2", "targetstorage": "off"}, 500, "storage 'off' is disabled"),
        ({"target": "node2", "targetstorage": "local"}, 500,
         "storage 'local' does not support vm images"),
    ],
    ids=["same node", "unknown node", "no storage", "storage elsewhere", "disabled",
         "no images"],
)  # fmt: skip
def test_migration_is_refused(
    mock_builder: ProxmoxAPIMockBuilder,
    api: Any,
    params: dict[str, Any],
    status: int,
    message: str,
) -> None:
    mock_builder.with_storage("off", enabled=False)

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
        ("tank", False, None),
        ("files", True, "online storage migration not possible if snapshot exists"),
        ("shared", True, None),
    ],
)
def test_snapshots_on_local_storage_hinder_a_migration(
    mock_builder: ProxmoxAPIMockBuilder, api: Any, storage: str, live: bool, problem: str | None
) -> None:
    disk_format = "qcow2" if storage == "files" else "raw"
    mock_builder.with_storage("tank", kind="zfspool")
    disk = f"{storage}:8,format={disk_format}"
    mock_builder.with_vm(100, scsi0=disk, status="running" if live else "stopped")
    mock_builder.with_snapshot("s1", 100)

    params = {"target": "node2", "online": 1, "with-local-disks": 1}
    upid = api.nodes("node1").qemu(100).migrate.post(**params)

    assert exitstatus(api, upid) == ("migration aborted" if problem else "OK")
    assert (problem or "") in log_of(api, upid)


def test_snapshots_follow_their_disks(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_storage("files2").with_vm(100, scsi0="files:8,format=qcow2")
    mock_builder.with_snapshot("s1", 100)

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
        "local-lvm:vm-100-disk-0", "here:100/vm-100-disk-0.raw",
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


@pytest.mark.parametrize("kind", ["qemu", "lxc"])
def test_move_between_clusters_is_not_simulated(
    mock_builder: ProxmoxAPIMockBuilder, api: Any, kind: str
) -> None:
    with mock_builder.expect_violation(), pytest.raises(ResourceException, match="501"):
        getattr(api.nodes("node1"), kind)(100).remote_migrate.post()
