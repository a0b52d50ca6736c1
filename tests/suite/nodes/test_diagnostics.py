"""Diagnostics of one node: whole, and with parts missing."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.mock_helpers import impossible
from tests.suite.cluster_time import ClusterTime
from tests.suite.lab import NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

ReadJson = Callable[[Any], dict[str, Any]]

NO_STORAGE = "Node storage diagnostics unavailable"
NO_METRICS = "Node RRD I/O metrics unavailable"
READS = [f"/nodes/{NODE}/{part}" for part in ("status", "storage", "rrddata")]


def test_diagnostics_hold_what_the_node_answers(lab: Lab, read_json: ReadJson) -> None:
    lab.builder.with_storage("vault", kind="nfs")
    answer = read_json(lab.build_tools().get_node_diagnostics(NODE))
    reads, last = lab.reads, lab.builder.calls[-1]
    node = lab.builder.build_api().nodes(NODE)
    status, latest = node.status.get(), node.rrddata.get(timeframe="hour")[-1]

    io = {key: latest.get(key) for key in ("diskread", "diskwrite", "netin", "netout", "iowait")}
    assert answer == {
        "node": NODE,
        "uptime": 90_060,
        "cpu_fraction": status["cpu"],
        "io_wait_fraction": status["wait"],
        "load_average": status["loadavg"],
        **{key: status[key] for key in ("cpuinfo", "memory", "swap", "rootfs")},
        "storage": node.storage.get(),
        "latest_rrd_io": {"time": latest["time"], **io},
        "process_list_available": False,
        "warnings": [],
        "complete": True,
    }
    assert answer["latest_rrd_io"]["netin"] >= 1000
    assert (reads, last.params) == (READS, {"timeframe": "hour"})


def test_diagnostics_take_the_latest_sample_that_was_observed(
    lab: Lab, read_json: ReadJson
) -> None:
    mock: Any = lab.builder.build()
    samples = [
        {"time": 300, "cpu": 0.5},
        {"time": 200, "netin": 7, "netout": True, "iowait": float("nan"), "diskread": 0},
        {"time": 100, "netin": 1.0},
        {"netin": 9},
        "no sample",
    ]
    mock.nodes(NODE).rrddata.get.return_value = impossible(samples)

    answer = read_json(lab.build_mocked_tools().get_node_diagnostics(NODE))

    nothing = dict.fromkeys(("diskwrite", "netout", "iowait"))
    assert answer["latest_rrd_io"] == {"time": 200, "netin": 7, "diskread": 0, **nothing}
    assert answer["complete"] is True


def test_diagnostics_say_which_part_is_missing(
    lab: Lab, read_json: ReadJson, cluster_time: ClusterTime
) -> None:
    tool = lab.build_tools().get_node_diagnostics
    lab.builder.with_operation_error("storage", "got timeout", times=2)
    lab.builder.with_path_error("GET", READS[2], "got timeout", times=1)

    answers = [read_json(tool(NODE)) for _ in range(2)]
    lab.builder.with_operation_error("node-status", "got timeout", times=3)
    refusal = refusal_of(tool, NODE)

    findings = [
        (one["warnings"], one["complete"], one["storage"], one["latest_rrd_io"] is None)
        for one in answers
    ]
    assert findings == [
        ([NO_STORAGE, NO_METRICS], False, None, True),
        ([NO_STORAGE], False, None, False),
    ]
    failed = f"Failed to get diagnostics for node {NODE}: "
    assert refusal == f"RuntimeError: {failed * 2}500 Internal Server Error: got timeout"
    assert cluster_time.slept_s == [0.2, 0.4]
    assert lab.reads == READS * 2 + READS[:1] * 3
