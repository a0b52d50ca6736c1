"""What the cluster says of itself: its state, and what a new node needs to join."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder, impossible
from tests.suite.cluster_time import ClusterTime
from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

TIMEOUT = "500 Internal Server Error: got timeout"


def report_of(name: str, quorum: str, nodes: int) -> str:
    facts = f"  - Name: {name}\n  - Quorum: {quorum}\n  - Nodes: {nodes}"
    return f"[config] Proxmox Cluster\n\n{facts}"


def test_status_is_asked_for_every_five_seconds(
    cluster_lab: Lab, cluster_time: ClusterTime
) -> None:
    builder = cluster_lab.builder.with_node("node3").with_cluster_name("production")
    tools = cluster_lab.build_tools()

    [content] = tools.get_cluster_status()
    builder.with_quorum(quorate=False)
    builder.clock.advance(4)
    [again] = tools.get_cluster_status()
    builder.clock.advance(1)
    [afterwards] = tools.get_cluster_status()

    assert content.text == again.text == report_of("production", "OK", 3)
    assert afterwards.text == report_of("production", "NOT OK", 3)
    assert cluster_lab.reads == ["/cluster/status"] * 2
    assert cluster_time.slept_s == []


def test_status_of_a_node_that_stands_alone(
    thread_safe_mock_builder: Callable[[], ProxmoxAPIMockBuilder], cluster_tools_class: Any
) -> None:
    builder = thread_safe_mock_builder().with_cluster_name(None)
    mock: Any = builder.build()
    alone = "n/a (not clustered)"

    [content] = cluster_tools_class(builder.build_api()).get_cluster_status()
    mock.cluster.status.get.return_value = impossible([])
    [of_nothing] = cluster_tools_class(mock).get_cluster_status()
    resources = [{"type": "cluster", "name": "c"}, {"type": "resource"}, {"type": "resource"}]
    mock.cluster.status.get.return_value = impossible(resources)
    [with_resources] = cluster_tools_class(mock).get_cluster_status()

    assert content.text == report_of(alone, alone, 1)
    assert of_nothing.text == report_of("unknown", "unknown", 0)
    assert with_resources.text == report_of("c", "unknown", 0) + "\n  - Resources: 2"


def test_cluster_is_asked_three_times(cluster_lab: Lab, cluster_time: ClusterTime) -> None:
    cluster_lab.builder.with_operation_error("cluster-status", "got timeout", times=5)
    join = "/cluster/config/join"
    cluster_lab.builder.with_path_error("GET", join, "got timeout", times=3)
    tools = cluster_lab.build_tools()

    refusals = [refusal_of(tools.get_cluster_status), refusal_of(tools.get_cluster_join_info)]
    [content] = tools.get_cluster_status()

    steps = ["get cluster status", "get cluster join info"]
    failed = [f"Failed to {step}: " for step in steps]
    assert refusals == [f"RuntimeError: {one * 2}{TIMEOUT}" for one in failed]
    assert content.text == report_of("cluster", "OK", 2)
    assert cluster_time.slept_s == [0.2, 0.4] * 3
    assert cluster_lab.reads == ["/cluster/status"] * 3 + [join] * 3 + ["/cluster/status"] * 3


@pytest.mark.usefixtures("cluster_time")
def test_join_info_leaves_out_what_it_does_not_know(
    cluster_lab: Lab, read_json: Callable[[Any], dict[str, Any]]
) -> None:
    mock: Any = cluster_lab.builder.build()
    info = mock.cluster.config.join.get()
    entry = {**info["nodelist"][0], "ring7_addr": "192.0.2.1", "secret": "x", "ring1_addr": {}}
    totem = {**info["totem"], "key": "x", "interface": {"0": {"linknumber": 0}}}
    unsafe = {**info, "nodelist": [entry, "x"], "totem": totem, "secret": "x"}

    answer = read_json(cluster_lab.build_mocked_tools().get_cluster_join_info())
    mock.cluster.config.join.get.return_value = impossible(unsafe)
    filtered = read_json(cluster_lab.build_mocked_tools().get_cluster_join_info())
    mock.cluster.config.join.get.side_effect = [impossible([]), impossible({"nodelist": {}})]
    tool = cluster_lab.build_mocked_tools().get_cluster_join_info
    refusals = [refusal_of(tool) for _ in range(2)]

    known = {"nodelist", "preferred_node", "config_digest", "totem"}
    assert [node["name"] for node in answer["nodelist"]] == [OTHER_NODE, NODE]
    assert answer["nodelist"] == info["nodelist"]
    assert answer["totem"].items() <= info["totem"].items()
    assert answer["totem"]["cluster_name"] == "cluster"
    assert answer.keys() == filtered.keys() == known
    assert filtered["nodelist"] == [{**info["nodelist"][0], "ring7_addr": "192.0.2.1"}]
    assert filtered["totem"] == answer["totem"]
    failed = "RuntimeError: Failed to get cluster join info: Unexpected cluster join"
    assert refusals == [f"{failed} information response", f"{failed} node list"]
