"""Reading logs: which lines of which log, and how they are shown."""

from typing import Any

import pytest

from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

TIMEOUT = "500 Internal Server Error: got timeout"
EVERYTHING: dict[str, object] = {"limit": 2, "start": 1, "since": 1, "until": 1_900_000_000}


def describe_logs(lab: Lab) -> None:
    """Write lines into all logs, and others into those beside them."""
    for node in (OTHER_NODE, NODE):
        lines = [f"line {number} of {node}" for number in range(4)]
        lab.builder.with_syslog(*lines, node=node, service="pveproxy[7]")
        lab.builder.with_syslog("noise", node=node).with_firewall_log(*lines, node=node)
    lab.builder.with_firewall_log(*(f"packet {number}" for number in range(4)), vmid=lab.vmid)
    lab.builder.with_container(lab.spare_vmid, NODE).with_firewall_log("ping", vmid=lab.spare_vmid)


def test_log_shows_the_lines_that_were_asked_for(log_lab: Lab) -> None:
    describe_logs(log_lab)
    tools = log_lab.build_tools()
    dates = {"since": "2025-12-31", "until": "2026-01-01 00:00"}
    vmid, container = int(log_lab.vmid), int(log_lab.spare_vmid)
    table: list[tuple[Any, str, dict[str, object], str, list[str]]] = [
        (tools.get_node_syslog, "syslog", {**EVERYTHING, **dates, "service": "pveproxy"}, "syslog",
         [f"Jan 01 00:00:00 node2 pveproxy[7]: line {number} of node2" for number in (1, 2)]),
        (tools.get_node_firewall_log, "firewall/log", EVERYTHING, "firewall log",
         [f"line {number} of node2" for number in (1, 2)]),
        (tools.get_guest_firewall_log, f"qemu/{vmid}/firewall/log", {"vmid": vmid, **EVERYTHING},
         f"firewall log (qemu {vmid})", ["packet 1", "packet 2"]),
        (tools.get_node_firewall_log, "firewall/log", {}, "firewall log",
         [f"line {number} of node2" for number in range(4)]),
        (tools.get_guest_firewall_log, f"lxc/{container}/firewall/log",
         {"vmid": container, "vm_type": "lxc"}, f"firewall log (lxc {container})", ["ping"]),
    ]  # fmt: skip

    texts = [tool(NODE, **options)[0].text for tool, _, options, _, _ in table]

    assert texts == [
        "\n".join([f"=== {name} for node '{NODE}' ({len(lines)} entries) ===\n", *lines])
        for *_, name, lines in table
    ]
    assert log_lab.reads == [f"/nodes/{NODE}/{path}" for _, path, *_ in table]
    guest = {"vmid", "vm_type"}
    sent = [{key: value for key, value in options.items() if key not in guest}
            for _, _, options, _, _ in table]  # fmt: skip
    assert [call.params for call in log_lab.builder.calls] == [
        *sent[:3],
        {"limit": 100},
        {"limit": 100},
    ]


def test_task_log_is_that_of_the_task(log_lab: Lab) -> None:
    api = log_lab.builder.with_task_error("stop", "can't lock file", times=1).build_api()
    guest = api.nodes(NODE).qemu(log_lab.vmid).status
    first, second = guest.start.post(), guest.stop.post()
    calls = len(log_lab.builder.calls)
    tools = log_lab.build_tools()

    texts = [tools.get_task_log(NODE, upid)[0].text for upid in (first, second)]
    [beyond] = tools.get_task_log(NODE, second, start=9, limit=3)

    ends = ["TASK OK", "TASK ERROR: can't lock file"]
    assert texts == [
        f"=== Task log for {upid} (1 lines) ===\n\n{end}"
        for upid, end in zip((first, second), ends, strict=True)
    ]
    assert beyond.text == f"No log entries found for task '{second}'."
    *_, params = [call.params for call in log_lab.builder.calls[calls:]]
    assert params == {"start": 9, "limit": 3}
    assert log_lab.builder.calls[calls].params == {"limit": 50}
    paths = [f"/nodes/{NODE}/tasks/{upid}/log" for upid in (first, second, second)]
    assert log_lab.reads == paths


def test_cluster_log_begins_with_what_came_last(log_lab: Lab) -> None:
    tools = log_lab.build_tools()
    [empty] = tools.get_cluster_log()
    log_lab.builder.with_cluster_log("too old", "joined", node=OTHER_NODE, user="admin@pve")
    log_lab.builder.clock.advance(61)
    log_lab.builder.with_cluster_log("left", node=NODE, tag="pmxcfs")

    [content] = tools.get_cluster_log(max_entries=2)

    assert empty.text == "No cluster log entries found."
    assert content.text == (
        "=== cluster log (2 entries) ===\n\n"
        f"[2026-01-01 00:01:01] {NODE} root@pam pmxcfs: left\n"
        f"[2026-01-01 00:00:00] {OTHER_NODE} admin@pve pvedaemon: joined"
    )
    assert [(call.path, call.params) for call in log_lab.builder.calls] == [
        ("/cluster/log", {"max": 50}),
        ("/cluster/log", {"max": 2}),
    ]


def test_log_that_cannot_be_read_is_an_error(log_lab: Lab) -> None:
    upid = f"UPID:{NODE}:00000001:00000001:00000001:qmstart:{log_lab.vmid}:root@pam:"
    vmid, tools = log_lab.vmid, log_lab.build_tools()
    guest = f"/nodes/{NODE}/qemu/{vmid}/firewall/log"
    table = [
        (tools.get_node_syslog, (NODE,), f"/nodes/{NODE}/syslog", f"syslog for node {NODE}"),
        (tools.get_task_log, (NODE, upid), f"/nodes/{NODE}/tasks/{upid}/log",
         f"log for task {upid} on node {NODE}"),
        (tools.get_cluster_log, (), "/cluster/log", "cluster log"),
        (tools.get_node_firewall_log, (NODE,), f"/nodes/{NODE}/firewall/log",
         f"firewall log for node {NODE}"),
        (tools.get_guest_firewall_log, (NODE, vmid), guest,
         f"firewall log for qemu {vmid} on node {NODE}"),
    ]  # fmt: skip
    for _, _, path, _ in table:
        log_lab.builder.with_path_error("GET", path, "got timeout", times=1)

    refusals = [refusal_of(tool, *arguments) for tool, arguments, _, _ in table]
    refusals.append(refusal_of(tools.get_guest_firewall_log, NODE, vmid, "openvz"))

    failed = [f"RuntimeError: Failed to get {what}: {TIMEOUT}" for *_, what in table]
    wrong = "ValueError: Invalid vm_type 'openvz'. Must be 'qemu' or 'lxc'."
    assert refusals == [*failed, wrong]
    assert log_lab.reads == [path for _, _, path, _ in table]
