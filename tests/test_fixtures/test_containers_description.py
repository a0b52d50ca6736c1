from collections.abc import Callable
from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError, UnknownEndpointError

Step = Callable[[ProxmoxAPIMockBuilder], object]


def listed(builder: ProxmoxAPIMockBuilder, node: str = "node1") -> list[tuple[object, ...]]:
    entries = builder.build_api().nodes(node).lxc.get()
    return [(entry["vmid"], entry["name"], entry["status"]) for entry in entries]


def test_container_has_a_usual_configuration(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_container()

    config = mock_builder.build_api().nodes("node1").lxc(200).config.get()

    assert listed(mock_builder) == [(200, "ct-200", "stopped")]
    assert (config["memory"], config["rootfs"]) == (512, "local-lvm:vm-200-disk-0,size=8G")


def test_container_is_as_described(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_container("201", "node2", "running", "web", memory=1024, net0=None)

    config = mock_builder.build_api().nodes("node2").lxc(201).config.get()

    assert listed(mock_builder, "node2") == [(201, "web", "running")]
    assert (config["memory"], "net0" in config) == (1024, False)


def test_status_is_changed_and_keeps_the_configuration(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_container(200, name="web").with_container_status("running")

    assert listed(mock_builder) == [(200, "web", "running")]


def test_config_is_set_on_a_container_that_runs(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_container(200, status="running")
    mock_builder.with_container_config("node1", "200", {"ostype": "alpine", "net0": None})

    config = mock_builder.build_api().nodes("node1").lxc(200).config.get(current=1)

    assert (config["ostype"], "net0" in config) == ("alpine", False)
    assert listed(mock_builder) == [(200, "ct-200", "running")]


def test_config_error_is_that_of_one_container(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_container(200).with_container(201)
    mock_builder.with_container_config_error("node1", "200", "got timeout", times=1)
    node = mock_builder.build_api().nodes("node1")

    other = node.lxc(201).config.get()
    with pytest.raises(ResourceException) as raised:
        node.lxc(200).config.get()

    assert (raised.value.status_code, raised.value.content) == (500, "got timeout")
    assert node.lxc(200).config.get()["hostname"] == "ct-200"
    assert other["hostname"] == "ct-201"


def test_error_for_an_unknown_path_is_refused(mock_builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(UnknownEndpointError, match="did you mean /nodes/n/lxc/200/config"):
        mock_builder._gateway.faults.add_for_path("GET", "/nodes/n/lxc/200/confg", "x")


def test_container_is_made_missing(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_container(200).with_container_not_found_error(200, "node2")

    assert (listed(mock_builder), listed(mock_builder, "node2")) == ([], [])


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        pytest.param(
            [{"vmid": "200", "name": "web", "status": "running", "type": "lxc"}, 201, "202"],
            [(200, "web", "running"), (201, "ct-201", "stopped"), (202, "ct-202", "stopped")],
            id="entries and ids",
        ),
        pytest.param([], [], id="none"),
    ],
)
def test_list_of_containers_replaces_those_of_the_node(
    mock_builder: ProxmoxAPIMockBuilder, containers: Any, expected: object
) -> None:
    mock_builder.with_vm(100).with_container(300).with_container(301, "node2")

    mock_builder.with_container_list("node1", containers)

    assert listed(mock_builder) == expected
    assert listed(mock_builder, "node2") == [(301, "ct-301", "stopped")]
    assert 100 in mock_builder.cluster.guests


def test_entry_says_what_its_container_has_and_uses(mock_builder: ProxmoxAPIMockBuilder) -> None:
    entry = {
        "vmid": 200, "status": "running", "cpu": 0.5, "mem": 1 << 28, "maxmem": 1 << 30,
        "maxdisk": 4 << 30, "cpus": 2, "maxswap": 0, "uptime": 60, "netin": 7, "tags": "a",
        "hostname": "web", "swap": 0,
    }  # fmt: skip

    mock_builder.with_container_list("node1", [entry])

    shown = mock_builder.build_api().nodes("node1").lxc.get()[0]
    entry["name"] = entry.pop("hostname")
    assert {key: shown[key] for key in entry} == entry


def test_usage_is_seen_while_the_container_runs(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_container_usage(200, cpu=0.75, mem=1 << 20)
    api = mock_builder.build_api()

    running = api.cluster.resources.get(type="vm")[0]
    api.nodes("node1").lxc(200).status.stop.post()
    stopped = api.cluster.resources.get(type="vm")[0]

    assert (running["cpu"], running["mem"]) == (0.75, 1 << 20)
    assert (stopped["cpu"], stopped["mem"]) == (0, 0)


def test_no_containers_are_left_on_the_node(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_container(200).with_container(201, "node2")

    mock_builder.with_empty_container_list("node1").with_empty_container_list("node3")

    assert [listed(mock_builder, node) for node in ("node1", "node3")] == [[], []]
    assert len(listed(mock_builder, "node2")) == 1


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        (None, {"node1": 200, "node2": 201}),
        ({"a": [300], "b": [{"vmid": 301}]}, {"a": 300, "b": 301}),
    ],
    ids=["usual", "given"],
)
def test_several_nodes_have_containers(
    mock_builder: ProxmoxAPIMockBuilder, containers: Any, expected: dict[str, int]
) -> None:
    mock_builder.with_multi_node_containers(containers)

    resources = mock_builder.build_api().cluster.resources.get(type="vm")

    assert {entry["node"]: entry["vmid"] for entry in resources} == expected


def test_nodes_are_these_and_those_with_guests(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_node("empty").with_container(200, "kept")

    off = {"node": "off", "status": "offline"}
    big = {"node": "big", "status": "online", "maxcpu": 64, "maxmem": 1 << 38}
    mock_builder.with_container_nodes(["plain", off, big])

    nodes = {node["node"]: node for node in mock_builder.build_api().nodes.get()}
    assert sorted(nodes) == ["big", "kept", "off", "plain"]
    assert (nodes["off"]["status"], nodes["plain"]["status"]) == ("offline", "online")
    assert (nodes["big"]["maxcpu"], nodes["big"]["maxmem"]) == (64, 1 << 38)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        pytest.param(lambda b: b.with_container(7), "7 is no VM id", id="vmid"),
        pytest.param(lambda b: b.with_container(status="paused"),
                     "'paused' is no status of a container; give one of running, stopped",
                     id="status"),
        pytest.param(lambda b: b.with_container_status("up"), "'up' is no status", id="new status"),
        pytest.param(lambda b: b.with_container(memry=1), "did you mean 'memory'", id="option"),
        pytest.param(lambda b: b.with_container(memory=1),
                     "container option memory=1: value must have a minimum value of 16",
                     id="value"),
        pytest.param(lambda b: b.with_container(rootfs="nope:8"),
                     "container 200: storage 'nope' does not exist; describe it first",
                     id="storage"),
        pytest.param(lambda b: b.with_container_list("node1", [{"name": "x"}]),
                     "names no container; give its 'vmid'", id="entry without id"),
        pytest.param(lambda b: b.with_container_list("node1", [{"vmid": 200, "status": "up"}]),
                     "'up' is no status", id="status of an entry"),
        pytest.param(lambda b: b.with_container_list("node1", [{"vmid": 200, "memm": 1}]),
                     "no list of containers has 'memm', nor is it an option; did you mean 'mem",
                     id="entry"),
        pytest.param(lambda b: b.with_container_list("node1", [{"vmid": 200, "node": "x"}]),
                     "is listed for node 'node1'", id="node of an entry"),
        pytest.param(lambda b: b.with_container_usage(cpu="much"), "cpu is 'much'; give a number",
                     id="figure"),
        pytest.param(lambda b: b.with_container_nodes([{"name": "x"}]),
                     "names no node; give its 'node'", id="node"),
    ],
)  # fmt: skip
def test_impossible_description_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, step: Step, message: str
) -> None:
    with pytest.raises(DoubleError, match=message):
        step(mock_builder)
