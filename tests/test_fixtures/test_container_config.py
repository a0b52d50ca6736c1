from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder

DIGEST = "detected modified configuration - file changed by other user? Try again."


def make_container(builder: ProxmoxAPIMockBuilder, **description: Any) -> Any:
    return builder.with_container(**description).build_api().nodes("node1").lxc(200)


@pytest.mark.parametrize("status", ["stopped", "running"])
def test_options_are_changed_and_removed(mock_builder: ProxmoxAPIMockBuilder, status: str) -> None:
    container = make_container(mock_builder, status=status, tags="a")

    answer = container.config.put(description="new", onboot=True, cpulimit=1.5, delete="tags")

    config = container.config.get()
    assert answer is None
    assert (config["description"], config["onboot"], config["cpulimit"]) == ("new", 1, "1.5")
    assert "tags" not in config


def test_empty_description_is_removed(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder, description="old")

    container.config.put(description="")

    assert "description" not in container.config.get()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "no options specified"),
        ({"description": "x", "digest": "a" * 40}, DIGEST),
        ({"delete": "memory"}, "unable to delete required option 'memory'"),
        ({"delete": "rootfs"}, "unable to delete required option 'rootfs'"),
        ({"delete": "unprivileged"}, "unable to delete read-only option: 'unprivileged'"),
        ({"unprivileged": 0}, "unable to modify read-only option: 'unprivileged'"),
        ({"mp0": "nope:8,mp=/x"}, "storage 'nope' does not exist"),
        ({"mp0": "local:8,mp=/x"},
         "storage 'local' does not allow content type 'rootdir' (Container)"),
    ],
    ids=["nothing", "digest", "memory", "rootfs", "delete read-only", "read-only", "no storage",
         "unfit storage"],
)  # fmt: skip
def test_change_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, params: dict[str, Any], message: str
) -> None:
    container = make_container(mock_builder)
    before = container.config.get()

    with pytest.raises(ResourceException) as raised:
        container.config.put(**params)

    assert (raised.value.status_code, raised.value.content) == (500, message)
    assert container.config.get() == before


@pytest.mark.parametrize(
    ("params", "errors"),
    [
        ({"delete": "foo"}, {"delete": "unknown option 'foo'"}),
        ({"revert": "foo"}, {"revert": "unknown option 'foo'"}),
        ({"hostname": "x", "delete": "hostname"},
         {"delete": "you can't use '-hostname' and -delete hostname' at the same time"}),
        ({"hostname": "x", "revert": "hostname"},
         {"revert": "you can't use '-hostname' and '-revert hostname' at the same time"}),
        ({"delete": "cores", "revert": "cores"},
         {"delete": "you can't use '-delete cores' and '-revert cores' at the same time"}),
    ],
    ids=["delete unknown", "revert unknown", "set and delete", "set and revert",
         "delete and revert"],
)  # fmt: skip
def test_contradiction_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, params: dict[str, Any], errors: object
) -> None:
    container = make_container(mock_builder)

    with pytest.raises(ResourceException) as raised:
        container.config.put(**params)

    assert (raised.value.status_code, raised.value.errors) == (400, errors)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"delete": "mp0"}, "can't remove CT 200 drive 'mp0' - protection mode enabled"),
        ({"mp1": "local-lvm:1,mp=/y"},
         "can't update CT 200 drive 'mp1' - protection mode enabled"),
    ],
    ids=["remove", "update"],
)  # fmt: skip
def test_volumes_of_a_protected_container_stay(
    mock_builder: ProxmoxAPIMockBuilder, params: dict[str, Any], message: str
) -> None:
    container = make_container(mock_builder, mp0="local-lvm:1,mp=/x", protection=1)

    with pytest.raises(ResourceException) as raised:
        container.config.put(**params)

    assert raised.value.content == message


def test_locked_container_is_not_changed(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder, lock="backup")

    with pytest.raises(ResourceException, match=r"CT is locked \(backup\)"):
        container.config.put(description="x")


def test_change_with_the_right_digest_is_made(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder)
    digest = container.config.get()["digest"]

    container.config.put(net0="name=eth0,bridge=vmbr1", digest=digest)

    assert container.config.get()["net0"].startswith("name=eth0,bridge=vmbr1,hwaddr=BC:24:11:")
    assert container.config.get()["digest"] != digest


def test_sizing_reaches_a_running_container_at_once(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder, status="running")

    container.config.put(cores=4, memory=2048, swap=0)

    status = container.status.current.get()
    assert (status["cpus"], status["maxmem"], status["maxswap"]) == (4, 2048 << 20, 0)


def test_other_changes_wait_for_the_next_start(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder, status="running", features="nesting=1")
    container.config.put(ostype="alpine", delete="features", hostname="new")

    before = container.config.get(current=1)
    container.status.reboot.post()
    after = container.config.get(current=1)

    assert (before["ostype"], before["features"], before["hostname"]) == (
        "debian", "nesting=1", "new",
    )  # fmt: skip
    assert (after["ostype"], "features" in after) == ("alpine", False)


def test_network_is_removed_from_a_running_container(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder, status="running")

    container.config.put(delete="net0")

    assert [card["name"] for card in container.interfaces.get()] == ["lo"]


def test_volume_in_use_keeps_its_name_to_itself(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder, mp0="local-lvm:1,mp=/x", status="running")
    container.config.put(delete="mp0")

    container.config.put(mp1="local-lvm:1,mp=/y")

    assert container.config.get()["mp1"].startswith("local-lvm:vm-200-disk-2,")


def test_waiting_change_is_reverted(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder, status="running")
    container.config.put(ostype="alpine", tty=4)

    container.config.put(revert="ostype,tty")

    config = container.config.get()
    assert (config["ostype"], "tty" in config) == ("debian", False)


def test_volume_of_a_removed_mount_point_is_unused(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder, mp0="local-lvm:1,mp=/x")
    container.config.put(delete="mp0")

    removed = container.config.get()
    container.config.put(mp1="local-lvm:vm-200-disk-1,mp=/y")
    attached = container.config.get()

    assert removed["unused0"] == "local-lvm:vm-200-disk-1"
    assert (attached["mp1"], "unused0" in attached) == ("local-lvm:vm-200-disk-1,mp=/y", False)


def test_volume_in_use_is_unused_after_the_stop(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder, mp0="local-lvm:1,mp=/x", status="running")
    container.config.put(delete="mp0")

    during = container.config.get()
    container.status.stop.post()
    after = container.config.get()

    assert {"mp0", "unused0"} & during.keys() == set()
    assert after["unused0"] == "local-lvm:vm-200-disk-1"


def test_removed_unused_volume_stays_away(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder, status="running", unused0="local-lvm:vm-200-disk-7")

    container.config.put(delete="unused0")
    container.status.reboot.post()

    assert "unused0" not in container.config.get()


@pytest.mark.parametrize(
    ("size", "outcome"),
    [("+2G", "10G"), ("12G", "12G"), ("+512M", "8704M"), ("8.5G", "8704M"), ("+1T", "1032G")],
)
@pytest.mark.parametrize("status", ["stopped", "running"])
def test_volume_is_enlarged(
    mock_builder: ProxmoxAPIMockBuilder, status: str, size: str, outcome: str
) -> None:
    container = make_container(mock_builder, status=status)

    upid = container.resize.put(disk="rootfs", size=size)

    rootfs = f"local-lvm:vm-200-disk-0,size={outcome}"
    assert upid.split(":")[5:7] == ["resize", "200"]
    assert container.config.get()["rootfs"] == rootfs
    assert container.config.get(current=1)["rootfs"] == rootfs


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"size": "2G"}, "unable to shrink disk size"),
        ({"size": "8G"}, "disk is already at specified size"),
        ({"disk": "mp7", "size": "9G"}, "format error"),
        ({"disk": "mp0", "size": "9G"}, "unable to parse volume ID '/srv'"),
        ({"disk": "mp1", "size": "9G"},
         "Could not determine current size of volume 'local-lvm:vm-200-disk-9'"),
        ({"size": "9G", "digest": "a" * 40}, DIGEST),
    ],
    ids=["smaller", "same", "no such mount point", "bind mount", "unknown size", "digest"],
)  # fmt: skip
def test_resize_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, params: dict[str, Any], message: str
) -> None:
    mounts = {"mp0": "/srv,mp=/srv", "mp1": "local-lvm:vm-200-disk-9,mp=/y"}
    container = make_container(mock_builder, **mounts)

    with pytest.raises(ResourceException) as raised:
        container.resize.put(**{"disk": "rootfs"} | params)

    assert (raised.value.status_code, raised.value.content) == (500, message)


def test_failed_resize_changes_nothing(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder)
    before = container.config.get()
    mock_builder.cluster.tasks.fail("resize", "no space left", None)

    container.resize.put(disk="rootfs", size="+1G")

    assert container.config.get() == before


def test_interfaces_come_from_the_configuration(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(
        mock_builder,
        status="running",
        net0="name=eth0,ip=10.0.0.5/24,ip6=2001:db8::5/64,hwaddr=BC:24:11:00:00:AA",
        net1="name=eth1,ip=manual",
    )

    lo, eth0, eth1 = container.interfaces.get()

    assert (lo["name"], lo["inet"], lo["inet6"]) == ("lo", "127.0.0.1/8", "::1/128")
    assert eth0 == {
        "name": "eth0", "hwaddr": "bc:24:11:00:00:aa", "hardware-address": "bc:24:11:00:00:aa",
        "inet": "10.0.0.5/24", "inet6": "2001:db8::5/64",
        "ip-addresses": [
            {"ip-address": "10.0.0.5", "ip-address-type": "inet", "prefix": 24},
            {"ip-address": "2001:db8::5", "ip-address-type": "inet6", "prefix": 64},
        ],
    }  # fmt: skip
    assert (eth1["ip-addresses"], "inet" in eth1) == ([], False)


def test_dhcp_gives_an_address(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder, status="running", net0="name=eth0,ip=dhcp,ip6=auto")

    eth0 = container.interfaces.get()[1]

    assert (eth0["inet"], eth0["inet6"]) == ("192.0.2.201/24", "2001:db8::c8/64")


def test_stopped_container_has_no_interfaces(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder)

    assert container.interfaces.get() is None


@pytest.mark.parametrize("view", ["config", "interfaces", "status/current"])
def test_missing_container_is_refused(mock_builder: ProxmoxAPIMockBuilder, view: str) -> None:
    container = mock_builder.with_vm(200).build_api().nodes("node1").lxc(200)

    with pytest.raises(ResourceException, match=r"nodes/node1/lxc/200\.conf' does not exist"):
        container(view).get()
