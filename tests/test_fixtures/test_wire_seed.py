from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest
from proxmoxer import ProxmoxAPI, ResourceException

from tests.fixtures.mock_helpers import AgentResult, ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.containers import Container
from tests.fixtures.proxmox.errors import DoubleError
from tests.fixtures.proxmox.storages import Volume
from tests.fixtures.proxmox.wire import WireFace

if find_spec("fakepve") is None:
    pytest.skip("no fakepve; uv run --group wire pytest", allow_module_level=True)


def read_config(api: ProxmoxAPI, vmid: int, node: str = "node1") -> dict[str, Any]:
    config: dict[str, Any] = api.nodes(node).qemu(vmid).config.get()
    del config["digest"]
    return config


def test_vms_read_as_on_the_api_face(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm(100, status="paused", name="web", tags="a;b", memory=4096)
    mock_builder.with_vm(101, node="node2", status="running", scsi0=None, boot=None)
    mock_builder.with_vm(102, template=1).with_vm(103, lock="backup")
    fake, real = mock_builder.build_api(), mock_builder.serve().api

    for vmid, node in ((100, "node1"), (101, "node2"), (102, "node1"), (103, "node1")):
        assert read_config(real, vmid, node) == read_config(fake, vmid, node)
        ours = fake.nodes(node).qemu(vmid).status.current.get()
        theirs = real.nodes(node).qemu(vmid).status.current.get()
        for key in ("vmid", "name", "status", "qmpstatus", "cpus", "maxmem", "maxdisk", "lock"):
            assert theirs.get(key) == ours.get(key), key
        assert theirs.get("template", 0) == ours.get("template", 0)


def test_uptime_is_carried_over(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm(100, status="running").clock.advance(3600)

    status = mock_builder.serve().api.nodes("node1").qemu(100).status.current.get()

    assert 3600 <= status["uptime"] < 3660


def test_container_is_carried_over(pve_server: WireFace) -> None:
    cluster = ProxmoxAPIMockBuilder().with_node("node2").cluster
    config: dict[str, str | int] = {"hostname": "dns", "memory": 256, "rootfs": "local-lvm:vm-200"}
    cluster.guests[200] = Container(200, "node2", config, is_running=True, booted=config)

    api = pve_server.show(cluster).api
    read = api.nodes("node2").lxc(200).config.get()

    assert api.nodes("node2").lxc(200).status.current.get()["status"] == "running"
    assert {key: read[key] for key in config} == config
    assert set(read) - set(config) == {"digest"}
    assert api.cluster.nextid.get() == "100"


def test_storages_read_as_on_the_api_face(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_node("node2")
    mock_builder.with_storage("nas", kind="nfs", shared=True, total_gib=50, used_gib=5)
    mock_builder.with_storage("off", enabled=False).with_storage("gone", active=False)
    mock_builder.with_storage("near", content="images,iso", nodes=["node1"])
    fake, real = mock_builder.build_api(), mock_builder.serve().api

    for node in ("node1", "node2"):
        ours = {item["storage"]: item for item in fake.nodes(node).storage.get()}
        theirs = {item["storage"]: item for item in real.nodes(node).storage.get()}
        for name in ours:
            for key in ("type", "content", "enabled", "active", "shared", "total", "used", "avail"):
                assert theirs[name][key] == ours[name][key], (node, name, key)
    assert real.nodes("node1").storage("local").content.get() == []


def test_volumes_are_carried_over(mock_builder: ProxmoxAPIMockBuilder) -> None:
    iso = Volume("local:iso/a.iso", "iso", "iso", 700, 1767225600)
    mock_builder.cluster.storages["local"].volumes("node1")[iso.volid] = iso

    content = mock_builder.serve().api.nodes("node1").storage("local").content.get()

    assert content == [
        {"volid": iso.volid, "content": "iso", "format": "iso", "size": 700, "ctime": iso.ctime}
    ]


def test_disks_of_guests_are_carried_over(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm(100).with_container(200)
    fake, real = mock_builder.build_api(), mock_builder.serve().api

    ours, theirs = (
        sorted(api.nodes("node1").storage("local-lvm").content.get(), key=lambda one: one["volid"])
        for api in (fake, real)
    )

    assert theirs == ours
    assert [one["content"] for one in theirs] == ["images", "rootdir"]


def test_configuration_of_storages_is_carried_over(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_storage("nas", kind="nfs").with_storage("thin", kind="lvmthin")

    wired = mock_builder.serve().api

    assert wired.storage("nas").get()["server"] == "192.0.2.10"
    assert wired.storage("thin").get()["thinpool"] == "data"


@pytest.mark.parametrize(("kind", "vmid"), [("qemu", 100), ("lxc", 200)])
def test_snapshots_are_carried_over(
    mock_builder: ProxmoxAPIMockBuilder, kind: str, vmid: int
) -> None:
    mock_builder.with_vm(100).with_container(200)
    mock_builder.with_snapshot("one", vmid).with_snapshot("two", vmid, description="second")
    fake, real = mock_builder.build_api(), mock_builder.serve().api

    ours, theirs = (
        {one["name"]: one.get("parent") for one in api(f"nodes/node1/{kind}/{vmid}/snapshot").get()}
        for api in (fake, real)
    )

    assert theirs == ours == {"one": None, "two": "one", "current": "two"}


@pytest.mark.parametrize(("kind", "vmid"), [("qemu", 100), ("lxc", 200)])
def test_changes_that_wait_are_carried_over(
    mock_builder: ProxmoxAPIMockBuilder, kind: str, vmid: int
) -> None:
    mock_builder.with_vm(100, status="running")
    mock_builder.with_container(200, status="running", mp0="local-lvm:1,mp=/data")
    fake = mock_builder.build_api()
    changed = "sockets" if kind == "qemu" else "mp0"
    fake(f"nodes/node1/{kind}/{vmid}/config").put(**{
        "delete": changed, **({"cores": 4} if kind == "qemu" else {"arch": "arm64"}),
    })  # fmt: skip

    ours, theirs = (
        [one for one in api(f"nodes/node1/{kind}/{vmid}/pending").get() if len(one) > 2]
        for api in (fake, mock_builder.serve().api)
    )

    assert sorted(theirs, key=str) == sorted(ours, key=str)
    assert len(ours) == 2


def test_pools_are_carried_over(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_pool("lab", comment="ours").with_vm(100)
    mock_builder.cluster.guests[100].pool = "lab"

    pool = mock_builder.serve().api.pools("lab").get()

    assert pool["comment"] == "ours"
    assert [one["vmid"] for one in pool["members"]] == [100]


def test_use_of_a_container_is_carried_over(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_container_usage(200, cpu=0.5, mem=1 << 28)

    status = mock_builder.serve().api.nodes("node1").lxc(200).status.current.get()

    assert (status["cpu"], status["mem"]) == (0.5, 1 << 28)


def test_offline_node_is_carried_over(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.with_node("node2", online=False).serve().api

    with pytest.raises(ResourceException, match="595"):
        api.nodes("node2").qemu.get()


def test_errors_are_carried_over_and_counted(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm(100).with_operation_error("start", "no space left", times=1)
    start = mock_builder.serve().api.nodes("node1").qemu(100).status.start

    with pytest.raises(ResourceException, match="no space left"):
        start.post()

    assert start.post().startswith("UPID:node1:")


def test_interfaces_of_the_agent_are_carried_over(mock_builder: ProxmoxAPIMockBuilder) -> None:
    agent = mock_builder.with_agent(100).serve().api.nodes("node1").qemu(100).agent

    answer = agent("network-get-interfaces").get()["result"]

    assert [card["name"] for card in answer] == ["lo", "eth0"]
    assert answer[1]["ip-addresses"][0]["ip-address"] == "192.0.2.101"


@pytest.mark.parametrize(
    ("describe", "text"),
    [
        (lambda b: b.with_task_duration(5), r"tasks with a duration; set `pve.time_scale`"),
        (lambda b: b.with_task_error("start", "boom"), r"failing tasks; use `pve.fail"),
        (lambda b: b.with_vm().build_api().nodes.node1.qemu(100).status.start.post(),
         r"tasks from the past; serve the cluster before"),
        (lambda b: b.with_node("node2", cores=64), r"the size of node node2; leave it"),
        (lambda b: b.with_agent(commands={"uptime": "up"}), r"results of commands in VM 100; set"),
        (lambda b: b.with_agent(otherwise=AgentResult(exitcode=1)), r"results of commands in VM"),
        (lambda b: b.with_operation_error("start", OSError("x")), r"OSError\('x'\); give a mess"),
        (lambda b: b.with_operation_error("start", "a").with_operation_error("start", "b"),
         r"two errors for POST .*/status/start; describe one"),
        (lambda b: b.with_user("joe@pve"), r"users and privileges; set `pve.users`"),
        (lambda b: b.with_vm(100).with_ha(100), r"high availability; set the guest's `ha_state`"),
        (lambda b: b.with_node().build_api().cluster.backup.post(all=1, schedule="daily"),
         r"backup jobs; make them through the server"),
        (lambda b: b.with_node("node2").with_content("local:iso/a.iso"),
         r"local:iso/a.iso on one node of several; put it on a shared storage"),
    ],
    ids=["duration", "failing", "past", "size", "commands", "otherwise", "exception", "twice",
         "users", "ha", "jobs", "one node"],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused(
    mock_builder: ProxmoxAPIMockBuilder,
    pve_server: WireFace,
    describe: Callable[[ProxmoxAPIMockBuilder], object],
    text: str,
) -> None:
    before = pve_server.pve
    describe(mock_builder)

    with pytest.raises(DoubleError, match=text):
        mock_builder.serve()

    assert pve_server.pve is before
    assert pve_server.api.version.get()["release"]
