from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.storages import Volume

TEMPLATE = "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst"
ALPINE = "local:vztmpl/alpine-3.19_arm64.tar.xz"


@pytest.fixture
def node(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of node1, which has two templates."""
    volumes = mock_builder.cluster.storages["local"].volumes("node1")
    for volid in (TEMPLATE, ALPINE):
        volumes[volid] = Volume(volid, "vztmpl", "tzst", 1000, 0)
    return mock_builder.build_api().nodes("node1")


def create(node: Any, **params: Any) -> Any:
    return node.lxc.create(
        **{"vmid": 200, "ostemplate": TEMPLATE, "rootfs": "local-lvm:8"} | params
    )


def exitstatus(node: Any, upid: str) -> object:
    return node.tasks(upid).status.get()["exitstatus"]


def test_created_container_is_there_and_stopped(node: Any) -> None:
    upid = create(node, hostname="web", memory=1024, cores=2, features="nesting=1", onboot=1)

    config = node.lxc(200).config.get()
    assert upid.split(":")[5:7] == ["vzcreate", "200"]
    assert (config["hostname"], config["memory"], config["cores"]) == ("web", 1024, 2)
    assert (config["features"], config["onboot"], config["unprivileged"]) == ("nesting=1", 1, 1)
    assert (config["rootfs"], "lock" in config) == ("local-lvm:vm-200-disk-0,size=8G", False)
    assert node.lxc(200).status.current.get()["status"] == "stopped"


def test_created_container_has_the_defaults_of_its_template(node: Any) -> None:
    node.lxc.create(vmid=201, ostemplate=ALPINE, storage="local-lvm", unprivileged=0)

    config = node.lxc(201).config.get()
    config.pop("digest")
    assert config == {
        "arch": "arm64",
        "hostname": "CT201",
        "memory": 512,
        "ostype": "alpine",
        "rootfs": "local-lvm:vm-201-disk-0,size=4G",
        "swap": 512,
    }


def test_created_container_starts_when_told(node: Any) -> None:
    create(node, start=1)

    assert node.lxc(200).status.current.get()["status"] == "running"


def test_secrets_of_a_creation_are_not_readable(node: Any) -> None:
    create(node, password="secret", **{"ssh-public-keys": "ssh-ed25519 AAAA"})

    text = str(node.lxc(200).config.get())
    assert "secret" not in text
    assert "ssh" not in text


def test_network_gets_a_mac_and_mount_points_get_volumes(node: Any) -> None:
    create(node, net0="bridge=vmbr0,name=eth0,ip=dhcp", mp0="local-lvm:0.5,backup=1,mp=/data")

    config = node.lxc(200).config.get()
    expected = "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=dhcp,type=veth"
    assert config["net0"] == expected
    assert config["mp0"] == "local-lvm:vm-200-disk-1,mp=/data,backup=1,size=512M"


@pytest.mark.parametrize(
    ("kind", "volume"),
    [("zfspool", "s:subvol-200-disk-0"), ("dir", "s:200/vm-200-disk-0.raw"),
     ("lvmthin", "s:vm-200-disk-0")],
)  # fmt: skip
def test_volume_is_named_as_its_storage_does(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, kind: str, volume: str
) -> None:
    mock_builder.with_storage("s", kind=kind, content="rootdir")

    create(node, rootfs="s:8")

    assert node.lxc(200).config.get()["rootfs"] == f"{volume},size=8G"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"vmid": 100}, "VM 100 already exists on node 'node2'"),
        ({"vmid": 101}, "CT 101 already exists on node 'node1'"),
        ({"rootfs": "nope:8"}, "storage 'nope' does not exist"),
        ({"rootfs": "off:8"}, "storage 'off' is disabled"),
        ({"rootfs": "far:8"}, "storage 'far' is not available on node 'node1'"),
        ({"rootfs": None, "mp0": "local-lvm:8,mp=/x"},
         "mount points configured, but 'rootfs' not set - aborting"),
        ({"ostemplate": "nope:vztmpl/x.tar"}, "storage 'nope' does not exist"),
        ({"ostemplate": "local:iso/x.iso"},
         "unable to use volume local:iso/x.iso - content type needs to be 'vztmpl'"),
        ({"hookscript": "local:snippets/x.sh"}, "script 'local:snippets/x.sh' does not exist"),
        ({"hookscript": "local:iso/x.sh"}, "'local:iso/x.sh' is not in the snippets directory"),
        ({"dev0": "mode=0666"}, "Path is not defined for passthrough device dev0"),
    ],
    ids=["vm", "ct", "unknown storage", "disabled", "elsewhere", "mount points alone",
         "storage of the template", "no template", "script", "no script", "device"],
)  # fmt: skip
def test_creation_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, params: dict[str, Any], message: str
) -> None:
    mock_builder.with_vm(100, node="node2").with_container(101)
    mock_builder.with_storage("off", content="rootdir", enabled=False)
    mock_builder.with_storage("far", content="rootdir", nodes=["node2"])

    with pytest.raises(ResourceException) as raised:
        create(node, **params)

    assert (raised.value.status_code, raised.value.content) == (500, message)
    assert set(mock_builder.cluster.guests) == {100, 101}


@pytest.mark.parametrize("params", [{"rootfs": None}, {"rootfs": "local:8"}])
def test_storage_that_holds_no_containers_is_refused(node: Any, params: dict[str, Any]) -> None:
    with pytest.raises(ResourceException) as raised:
        create(node, **params)

    expected = {"storage": "storage 'local' does not support container directories"}
    assert (raised.value.status_code, raised.value.errors) == (400, expected)


@pytest.mark.parametrize(
    ("params", "errors"),
    [
        ({"password": "abc"}, {"password": "value must be at least 5 characters long"}),
        ({"ostemplate": None}, {"ostemplate": "property is missing and it is not optional"}),
        ({"net0": "bridge=vmbr0"},
         {"net0": "invalid format - format error\n"
                  "net0.name: property is missing and it is not optional\n"}),
    ],
    ids=["short password", "no template", "card without a name"],
)  # fmt: skip
def test_parameters_of_a_creation_are_checked(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, params: dict[str, Any], errors: object
) -> None:
    with mock_builder.expect_violation(), pytest.raises(ResourceException) as raised:
        create(node, **params)

    assert (raised.value.status_code, raised.value.errors) == (400, errors)


@pytest.mark.parametrize("template", ["local:vztmpl/nope.tar.zst", "/srv/x.tar"])
def test_creation_from_a_missing_template_fails_in_its_task(node: Any, template: str) -> None:
    upid = create(node, ostemplate=template)

    expected = f"unable to create CT 200 - volume '{template}' does not exist"
    assert exitstatus(node, upid) == expected
    assert node.lxc.get() == []


def test_id_is_taken_while_the_creation_runs(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_task_duration(5)
    create(node)

    during = node.lxc(200).config.get()
    with pytest.raises(ResourceException, match="CT 200 already exists"):
        create(node)
    mock_builder.clock.advance(5)

    assert (during["lock"], "rootfs" in during) == ("create", False)
    assert "lock" not in node.lxc(200).config.get()


def test_unsimulated_parameter_is_refused_by_name(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    with mock_builder.expect_violation(), pytest.raises(ResourceException, match="simulate"):
        create(node, **{"ha-managed": 1})


def test_deleted_container_is_gone(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_container(200)

    upid = node.lxc(200).delete(purge=1, **{"destroy-unreferenced-disks": 1})

    assert (upid.split(":")[5:7], exitstatus(node, upid)) == (["vzdestroy", "200"], "OK")
    with pytest.raises(ResourceException, match=r"nodes/node1/lxc/200\.conf' does not exist"):
        node.lxc(200).config.get()


def test_running_container_is_deleted_by_force(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_container(200, status="running")

    upid = node.lxc(200).delete(force=1)

    assert (exitstatus(node, upid), node.lxc.get()) == ("OK", [])


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"status": "running"}, "unable to destroy CT 200 - container is running"),
        ({"protection": 1}, "can't remove CT 200 - protection mode enabled"),
        ({"lock": "backup"}, "CT is locked (backup)"),
    ],
    ids=["running", "protected", "locked"],
)
def test_deletion_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, description: dict[str, Any], message: str
) -> None:
    mock_builder.with_container(200, **description)

    with pytest.raises(ResourceException) as raised:
        node.lxc(200).delete()

    assert (raised.value.status_code, raised.value.content) == (500, message)
    assert 200 in mock_builder.cluster.guests


def test_deletion_fails_in_its_task_when_the_container_was_started(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_container(200).with_task_duration(5)
    upid = node.lxc(200).delete()

    mock_builder.with_container_status("running")
    mock_builder.clock.advance(5)

    assert exitstatus(node, upid) == "unable to destroy CT 200 - container is running"


def test_stopped_container_uses_nothing(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_container(200, name="web", cores=2)

    status = node.lxc(200).status.current.get()

    assert status == {
        "vmid": 200, "type": "lxc", "name": "web", "status": "stopped", "cpu": 0, "cpus": 2,
        "mem": 0, "maxmem": 512 << 20, "swap": 0, "maxswap": 512 << 20, "disk": 0,
        "maxdisk": 8 << 30, "uptime": 0, "netin": 0, "netout": 0, "diskread": 0, "diskwrite": 0,
        "ha": {"managed": 0},
    }  # fmt: skip


def test_running_container_has_figures(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_container(200, status="running", tags="b;a")
    mock_builder.clock.advance(60)

    status = node.lxc(200).status.current.get()

    assert (status["status"], status["uptime"], status["tags"]) == ("running", 60, "a;b")
    assert 0 < status["mem"] < status["maxmem"]
    assert 0 < status["disk"] < status["maxdisk"]
    assert (status["pid"] > 0, status["pressurecpusome"]) == (True, "0.00")


def test_list_holds_the_containers_of_the_node(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_container(200, status="running").with_container(201, node="node2")
    mock_builder.with_vm(100)

    listed = node.lxc.get()

    assert [(one["vmid"], one["status"], one["type"]) for one in listed] == [
        (200, "running", "lxc")
    ]
    assert "ha" not in listed[0]


@pytest.mark.parametrize(
    ("options", "cpus"),
    [
        pytest.param({"cores": 2, "cpulimit": 1}, 2, id="cores"),
        pytest.param({"cores": None, "cpulimit": 1.5}, 1.5, id="part of a processor"),
        pytest.param({"cores": None, "cpulimit": 3}, 3, id="limit"),
        pytest.param({"cores": None}, 8, id="those of the node"),
    ],
)
def test_processors(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, options: dict[str, Any], cpus: float
) -> None:
    mock_builder.with_container(200, **options)

    assert node.lxc(200).status.current.get()["cpus"] == cpus


def test_resources_hold_containers_without_what_lists_have(
    mock_builder: ProxmoxAPIMockBuilder,
) -> None:
    mock_builder.with_container(200, status="running", name="web")

    entry = mock_builder.build_api().cluster.resources.get(type="vm")[0]

    assert (entry["id"], entry["type"], entry["node"]) == ("lxc/200", "lxc", "node1")
    assert (entry["vmid"], entry["name"], entry["maxcpu"]) == (200, "web", 1)
    assert entry.keys() & {"swap", "maxswap", "pid", "cpus", "pressurecpusome"} == set()


@pytest.mark.parametrize(("path", "subdir"), [("", "config"), ("status", "current")])
def test_index_lists_what_is_below(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, path: str, subdir: str
) -> None:
    mock_builder.with_container(200)

    assert {"subdir": subdir} in node(f"lxc/200/{path}").get()
    with pytest.raises(ResourceException, match="does not exist"):
        node(f"lxc/999/{path}").get()
