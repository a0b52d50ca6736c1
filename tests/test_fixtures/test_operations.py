from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.agents import AgentResult


@pytest.fixture
def api(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of a cluster with a stopped VM 100 and a running VM 101."""
    return mock_builder.with_vm(100).with_vm(101, status="running").build_api()


def test_version_is_of_release_9(api: Any) -> None:
    assert api.version.get()["release"].startswith("9.")


def test_status_of_a_stopped_vm_uses_nothing(api: Any) -> None:
    status = api.nodes("node1").qemu("100").status.current.get()

    assert (status["vmid"], status["status"], status["qmpstatus"]) == (100, "stopped", "stopped")
    assert (status["mem"], status["uptime"], status["cpu"], "pid" in status) == (0, 0, 0, False)
    assert (status["cpus"], status["maxmem"], status["name"]) == (2, 2048 << 20, "vm-100")
    assert status["ha"] == {"managed": 0}


def test_status_of_a_running_vm_has_figures(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.clock.advance(60)

    status = api.nodes("node1").qemu(101).status.current.get()

    assert (status["status"], status["uptime"]) == ("running", 60)
    assert 0 < status["mem"] < status["maxmem"]
    assert status["pid"] > 0


def test_list_holds_the_vms_of_the_node(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_vm(102, node="node2")

    listed = [(vm["vmid"], vm["status"]) for vm in api.nodes("node1").qemu.get()]

    assert listed == [(100, "stopped"), (101, "running")]


def test_unknown_node_is_refused(api: Any) -> None:
    with pytest.raises(ResourceException, match="hostname lookup 'nope' failed"):
        api.nodes("nope").status.get()


def test_node_status_has_its_hardware(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_node("node1", cores=4, memory_gib=16)

    status = api.nodes("node1").status.get()

    assert (status["cpuinfo"]["cpus"], status["memory"]["total"]) == (4, 16 << 30)


def test_offline_node_is_listed_as_such(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_node("node2", online=False)

    states = {node["node"]: node["status"] for node in api.nodes.get()}

    assert states == {"node1": "online", "node2": "offline"}


def test_nextid_is_text_and_free(api: Any) -> None:
    assert api.cluster.nextid.get() == "102"
    assert api.cluster.nextid.get(vmid=900) == "900"


def test_nextid_refuses_a_taken_id(api: Any) -> None:
    with pytest.raises(ResourceException) as raised:
        api.cluster.nextid.get(vmid=100)

    assert (raised.value.status_code, raised.value.errors) == (
        400,
        {"vmid": "VM 100 already exists"},
    )


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ({"type": "vm"}, ["qemu/100", "qemu/101"]),
        ({"type": "node"}, ["node/node1"]),
        ({"type": "storage"}, ["storage/node1/local", "storage/node1/local-lvm"]),
        ({"type": "sdn"}, []),
        ({}, ["qemu/100", "qemu/101", "node/node1", "storage/node1/local",
              "storage/node1/local-lvm"]),
    ],
)  # fmt: skip
def test_resources(api: Any, params: dict[str, str], ids: list[str]) -> None:
    assert [entry["id"] for entry in api.cluster.resources.get(**params)] == ids


def test_vm_on_an_offline_node_is_unknown(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_node("node1", online=False)

    statuses = {entry["status"] for entry in api.cluster.resources.get(type="vm")}

    assert statuses == {"unknown"}


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({}, ["local", "local-lvm", "off"]),
        ({"content": "images"}, ["local-lvm", "off"]),
        ({"content": "iso,images", "enabled": 1}, ["local", "local-lvm"]),
        ({"storage": "local"}, ["local"]),
    ],
)
def test_storages(
    mock_builder: ProxmoxAPIMockBuilder, api: Any, params: dict[str, object], names: list[str]
) -> None:
    mock_builder.with_storage("off", enabled=False).with_storage("far", nodes=["node2"])

    assert [entry["storage"] for entry in api.nodes("node1").storage.get(**params)] == names


def test_storage_status_has_sizes(api: Any) -> None:
    status = api.nodes("node1").storage("local-lvm").status.get()

    assert status["avail"] == status["total"] - status["used"]
    assert (status["type"], status["active"]) == ("lvmthin", 1)


def test_unknown_storage_is_refused(api: Any) -> None:
    with pytest.raises(ResourceException) as raised:
        api.nodes("node1").storage("nope").status.get()

    assert raised.value.errors == {"storage": "No such storage."}


def test_storage_of_another_node_is_refused(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_storage("far", nodes=["node2"])

    with pytest.raises(ResourceException, match="No such storage"):
        api.nodes("node1").storage("far").status.get()


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["qmstart 101", "qmstart 100"]),
        ({"source": "all"}, ["qmstop 100", "qmstart 101", "qmstart 100"]),
        ({"source": "active"}, ["qmstop 100"]),
        ({"errors": 1}, ["qmstart 101"]),
        ({"statusfilter": "ok"}, ["qmstart 100"]),
        ({"vmid": 100}, ["qmstart 100"]),
        ({"typefilter": "qmstop"}, []),
        ({"limit": 1}, ["qmstart 101"]),
        ({"start": 1}, ["qmstart 100"]),
        ({"userfilter": "nobody"}, []),
    ],
)
def test_tasks(
    mock_builder: ProxmoxAPIMockBuilder, api: Any, params: dict[str, object], expected: list[str]
) -> None:
    node = api.nodes("node1")
    node.qemu(100).status.start.post()
    node.qemu(101).status.start.post()
    mock_builder.with_task_duration(5)
    node.qemu(100).status.stop.post()

    listed = [f"{task['type']} {task['id']}" for task in node.tasks.get(**params)]

    assert listed == expected


def test_task_status_and_log(api: Any) -> None:
    node = api.nodes("node1")
    upid = node.qemu(101).status.start.post()

    status = node.tasks(upid).status.get()

    assert (status["upid"], status["status"]) == (upid, "stopped")
    assert status["exitstatus"] == "VM 101 already running"
    assert node.tasks(upid).log.get() == [{"n": 1, "t": "TASK ERROR: VM 101 already running"}]


def test_unknown_task_is_refused(api: Any) -> None:
    with pytest.raises(ResourceException) as raised:
        api.nodes("node1").tasks("abc").status.get()

    assert raised.value.errors == {"upid": "unable to parse worker upid"}


def test_agent_runs_a_command(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_agent(102, commands={"uname -a": AgentResult(out="Linux", exitcode=3)})
    agent = api.nodes("node1").qemu(102).agent

    pid = agent("exec").post(command=["uname", "-a"])["pid"]

    status = agent("exec-status").get(pid=pid)
    assert status == {"exited": 1, "exitcode": 3, "out-data": "Linux"}


def test_agent_answers(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_agent(102)
    agent = api.nodes("node1").qemu(102).agent

    assert agent("ping").post() == {"result": {}}
    assert agent("info").get()["result"]["version"]
    names = [card["name"] for card in agent("network-get-interfaces").get()["result"]]
    assert names == ["lo", "eth0"]


@pytest.mark.parametrize(
    ("vmid", "message"),
    [
        (101, "No QEMU guest agent configured"),
        (103, "VM 103 is not running"),
        (104, "QEMU guest agent is not running"),
        (105, "QEMU guest agent is not running"),
    ],
    ids=["not enabled", "VM stopped", "agent stopped", "never installed"],
)
def test_agent_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, api: Any, vmid: int, message: str
) -> None:
    mock_builder.with_agent(103).with_vm_status("stopped", 103)
    mock_builder.with_agent(104, running=False).with_vm(105, status="running", agent="1")

    with pytest.raises(ResourceException) as raised:
        api.nodes("node1").qemu(vmid).agent("ping").post()

    assert (raised.value.status_code, raised.value.content) == (500, message)
