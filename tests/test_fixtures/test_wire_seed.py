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
    mock_builder.cluster.storages["local"].volumes[iso.volid] = iso

    content = mock_builder.serve().api.nodes("node1").storage("local").content.get()

    assert content == [
        {"volid": iso.volid, "content": "iso", "format": "iso", "size": 700, "ctime": iso.ctime}
    ]


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
        (lambda b: b.with_vm(status="running").cluster.guests[100].config.update(memory=1),
         r"changes of VM 100 that wait \(memory\); stop it"),
    ],
    ids=["duration", "failing", "past", "size", "commands", "otherwise", "exception", "twice",
         "waiting"],
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
