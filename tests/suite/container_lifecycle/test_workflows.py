"""Whole workflows over several operations on containers."""

import json
from typing import Any

import pytest

from tests.suite.cluster_time import ClusterTime
from tests.suite.lab import NAME, NODE, OTHER_NODE, Lab, add_guest
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.integration

TEMPLATE = "local:vztmpl/alpine-3.22-default_20250617_amd64.tar.xz"


def test_container_lives_from_creation_to_deletion(
    empty_lab: Lab, cluster_time: ClusterTime
) -> None:
    lab = empty_lab
    lab.builder.with_content(TEMPLATE, node=NODE).with_task_duration(2)
    tools = lab.build_tools()
    steps: list[Any] = [
        lambda: tools.create_container(**lab.params, ostemplate=TEMPLATE, hostname="web-1"),
        lambda: tools.start_container(f"{NODE}/web-1"),
        lambda: tools.restart_container("web-1"),
        lambda: tools.delete_container(lab.vmid, force=True),
    ]

    seen = []
    for step in steps:
        step()
        lab.builder.clock.advance(2)
        seen.append(None if lab.is_gone else lab.guest.status)

    assert seen == ["stopped", "running", "running", None]
    kinds = ["vzcreate", "vzstart", "vzreboot", "vzstop", "vzdestroy"]
    assert lab.tasks == [(kind, NODE, lab.vmid, "OK") for kind in kinds]
    assert cluster_time.slept_s


def test_resources_and_address_hold_after_a_restart(running_lab: Lab) -> None:
    lab = running_lab
    tools = lab.build_tools()
    tools.update_container_resources(NAME, cores=2, memory=2048, disk_gb=8)
    tools.update_container_network(**lab.params, ip="10.0.0.5/24", gw="10.0.0.1")
    tools.stop_container(NAME)
    tools.start_container(NAME)

    [content] = tools.get_containers(NODE, include_stats=True, format_style="json")
    [address] = tools.get_container_ip(**lab.params)

    [row] = [row for row in json.loads(content.text) if row["vmid"] == lab.vmid]
    assert (row["cores"], row["memory"], row["maxmem_bytes"]) == (2, 2048, 2048 << 20)
    assert json.loads(address.text)["primary_ip"] == "10.0.0.5"
    assert lab.guest.maxdisk == 16 << 30
    assert [kind for kind, *_ in lab.tasks] == ["resize", "vzshutdown", "vzstart"]


def test_outage_of_a_node_stops_nobody_else(lab: Lab) -> None:
    add_guest(lab.builder, "lxc", lab.spare_vmid, node=OTHER_NODE, name="far")
    tools: Any = lab.build_tools()
    lab.builder.with_node(OTHER_NODE, online=False)

    [first, second] = json.loads(tools.start_container(f"far,{NAME}")[1].text)
    lab.builder.with_operation_error("resources", "got timeout", times=2)
    _, report = tools.get_containers()
    refusal = refusal_of(tools.stop_container, NAME)
    lab.builder.with_node(OTHER_NODE)
    tools.start_container("far")

    far = {"ok": False, "node": OTHER_NODE, "vmid": int(lab.spare_vmid), "name": "far"}
    assert first == {**far, "error": first["error"]}
    assert (first["error"][:4], second["ok"]) == ("595 ", True)
    assert [one.split(":")[0] for one in json.loads(report.text)["warnings"]] == [OTHER_NODE]
    assert "incomplete inventory" in refusal
    assert lab.guest.status == "running"
    assert lab.tasks == [
        ("vzstart", NODE, lab.vmid, "OK"),
        ("vzstart", OTHER_NODE, lab.spare_vmid, "OK"),
    ]
