"""Listing nodes: their figures, what is known without them, and what is asked how often."""

import pytest

from tests.suite.cluster_time import ClusterTime
from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

ENTRY = """
[node] {name}
  - Status: {status}
  - Uptime: {uptime}
  - CPU Cores: {cores}
  - Memory: {memory}"""
FIGURES = {"status": "ONLINE", "uptime": "[uptime] 1d 1h 1m"}
OTHER_FIGURES = {**FIGURES, "cores": 4, "memory": "4.00 GB / 16.00 GB (25.0%)"}
NODE_FIGURES = {**FIGURES, "cores": 12, "memory": "16.00 GB / 64.00 GB (25.0%)"}
READS = ["/nodes", f"/nodes/{OTHER_NODE}/status", f"/nodes/{NODE}/status"]


def listing_of(other: dict[str, object], node: dict[str, object]) -> str:
    entries = [ENTRY.format(name=OTHER_NODE, **other), ENTRY.format(name=NODE, **node)]
    return "\n".join(["[node] Proxmox Nodes", *entries])


def test_list_asks_every_node_for_its_figures_every_five_seconds(
    lab: Lab, cluster_time: ClusterTime
) -> None:
    tools = lab.build_tools()

    [content] = tools.get_nodes()
    lab.builder.clock.advance(4)
    [again] = tools.get_nodes()
    reads = lab.reads
    lab.builder.clock.advance(1)
    tools.get_nodes()

    assert content.text == listing_of(OTHER_FIGURES, NODE_FIGURES)
    assert again.text == content.text
    assert (reads, lab.reads) == (READS, READS * 2)
    assert cluster_time.slept_s == []


def test_list_says_what_is_known_of_a_node_without_its_status(lab: Lab) -> None:
    offline = {"status": "OFFLINE", "uptime": "0m", "memory": "0.00 B / 0.00 B (0.0%)"}
    lab.builder.with_node(OTHER_NODE, online=False)
    lab.builder.with_operation_error("node-status", "got timeout", node=NODE, times=1)

    [content] = lab.build_tools().get_nodes()

    vague = {**NODE_FIGURES, "uptime": "0m", "cores": "N/A"}
    assert content.text == listing_of({**offline, "cores": "N/A"}, vague)


def test_list_is_tried_three_times(lab: Lab, cluster_time: ClusterTime) -> None:
    lab.builder.with_operation_error("nodes", "no quorum", times=5)
    tools = lab.build_tools()

    refusal = refusal_of(tools.get_nodes)
    [content] = tools.get_nodes()

    reason = "Failed to get nodes: 500 Internal Server Error: no quorum"
    assert refusal == f"RuntimeError: Failed to get nodes: {reason}"
    assert content.text.count("Status: ONLINE") == 2
    assert cluster_time.slept_s == [0.2, 0.4, 0.2, 0.4]
    assert lab.reads == ["/nodes"] * 5 + READS
