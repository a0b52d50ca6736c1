"""The status of one node, its time and its bridges."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.mock_helpers import impossible
from tests.suite.cluster_time import ClusterTime
from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

REPORT = """\
[node] Node: node2
  - Status: ONLINE
  - Uptime: [uptime] 1d 1h 1m
  - CPU Cores: 12
  - CPU Model: Simulated CPU
  - CPU Layout: 12 cores / 1 sockets @ 2800 MHz
  - CPU Usage: 2.0% (iowait 0.0%)
  - Load Average: 0.08, 0.04, 0.01
  - Memory: 16.00 GB / 64.00 GB (25.0%)
  - Memory Available: 48.00 GB
  - Disk: 25.00 GB / 100.00 GB (25.0%)"""
OFFLINE_REPORT = """\
[node] Node: node2
  - Status: OFFLINE
  - Uptime: 0m
  - CPU Cores: N/A
  - Memory: 0.00 B / 0.00 B (0.0%)"""
STATUS = f"/nodes/{NODE}/status"
BAD_NAMES = ["node2/../node1", "-node", "node 2", "node2?x=1", "nöde"]


def test_status_shows_all_figures_of_the_node(lab: Lab) -> None:
    [content] = lab.build_tools().get_node_status(NODE)

    assert content.text == REPORT
    assert lab.reads == [STATUS]


def test_status_of_a_node_that_does_not_answer(lab: Lab) -> None:
    tool = lab.build_tools().get_node_status
    lab.builder.with_operation_error("node-status", "got timeout", node=NODE, times=2)
    lab.builder.with_operation_error("nodes", "no quorum", times=1)

    refusals = [refusal_of(tool, NODE) for _ in range(2)]
    refusals.append(refusal_of(tool, "node9"))
    lab.builder.with_node(NODE, online=False)
    [content] = tool(NODE)

    failed = "RuntimeError: Failed to get status for node"
    timeout = f"{failed} {NODE}: 500 Internal Server Error: got timeout"
    assert refusals[:2] == [timeout, timeout]
    assert refusals[2].startswith(f"{failed} node9: 500 ")
    assert content.text == OFFLINE_REPORT
    assert lab.reads == [STATUS, "/nodes", STATUS, "/nodes", "/nodes/node9/status", "/nodes",
                         STATUS, "/nodes"]  # fmt: skip


def test_status_takes_a_missing_load_from_the_cluster(lab: Lab) -> None:
    mock: Any = lab.builder.build()
    status = mock.nodes(NODE).status.get()
    readings = [{**status, "cpu": cpu, "wait": None} for cpu in (None, 0)]
    mock.nodes(NODE).status.get.side_effect = [impossible(one) for one in readings]
    entries = [(OTHER_NODE, 0.9), (NODE, None), (NODE, 0.5), (NODE, 0.7)]
    sent = [{"node": node, "cpu": cpu} for node, cpu in entries]
    mock.cluster.resources.get.return_value = impossible(sent)

    contents = [lab.build_mocked_tools().get_node_status(NODE)[0] for _ in readings]

    loads = ["50.0%", "0.0%"]
    assert [one.text for one in contents] == [
        REPORT.replace("2.0% (iowait 0.0%)", load) for load in loads
    ]
    [call] = [call for call in lab.builder.calls if call.path == "/cluster/resources"]
    assert call.params == {"type": "node"}


def test_time_is_that_of_the_node_or_refused(
    lab: Lab, cluster_time: ClusterTime, read_json: Callable[[Any], dict[str, Any]]
) -> None:
    tool = lab.build_tools().get_node_time
    lab.builder.with_path_error("GET", f"/nodes/{NODE}/time", "got timeout", times=5)

    refusal = refusal_of(tool, NODE)
    answer = read_json(tool(NODE))

    calls = len(lab.builder.calls)
    names = ["", " ", None, 7, *BAD_NAMES]
    bad = [refusal_of(tool, name) for name in names]
    bad += [refusal_of(lab.build_tools().get_node_diagnostics, name) for name in names]
    assert len(lab.builder.calls) == calls
    mock: Any = lab.builder.build()
    mock.nodes(NODE).time.get.side_effect = [impossible([]), impossible({"time": "noon"})]
    mocked = lab.build_mocked_tools().get_node_time
    odd = [refusal_of(mocked, NODE) for _ in range(2)]

    empty, wrong = "node must be a non-empty name", "Invalid resource path segment"
    assert bad == [f"ValueError: {text}" for text in [empty] * 4 + [wrong] * len(BAD_NAMES)] * 2
    failed = f"Failed to get time on node {NODE}: "
    reason = "Node time response did not contain an epoch timestamp"
    assert odd == [f"RuntimeError: {failed}{reason}"] * 2
    assert refusal == f"RuntimeError: {failed * 2}500 Internal Server Error: got timeout"
    now = lab.builder.clock.now
    assert answer == {"node": NODE, "time": now, "localtime": now, "timezone": "UTC"}
    assert cluster_time.slept_s == [0.2, 0.4, 0.2, 0.4]


def test_bridges_are_those_of_the_node(
    lab: Lab, read_json_list: Callable[[Any], list[dict[str, Any]]]
) -> None:
    lab.builder.with_bridge("vmbr7", OTHER_NODE).with_bridge("vmbr8", NODE, bridge_ports="eno2")
    tool = lab.build_tools().list_bridges

    bridges = read_json_list(tool(NODE))
    lab.builder.with_operation_error("network", "got timeout", times=1)
    refusal = refusal_of(tool, NODE)

    facts = [(one["iface"], one["bridge_ports"], one["active"]) for one in bridges]
    assert facts == [("vmbr0", "eno1", 1), ("vmbr8", "eno2", 1)]
    [call, _] = lab.builder.calls
    assert (call.path, call.params) == (f"/nodes/{NODE}/network", {"type": "any_bridge"})
    reason = "500 Internal Server Error: got timeout"
    assert refusal == f"RuntimeError: Failed to list bridges for node {NODE}: {reason}"
