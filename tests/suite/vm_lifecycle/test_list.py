"""Listing VMs and finding a free id, with the fallbacks when the cluster's list can't be had."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.mock_helpers import impossible
from tests.fixtures.proxmox.guests import Guest
from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit


def entry_of(guest: Guest, *, cores: object = 2) -> str:
    """Return what the list must say about a VM of 2 GiB, a quarter of it used when it runs."""
    used = "512.00 MB" if guest.is_running else "0.00 B"
    percent = "25.0" if guest.is_running else "0.0"
    return (
        f"[vm] {guest.name} (ID: {guest.vmid})\n"
        f"  - Status: {guest.status.upper()}\n"
        f"  - Node: {guest.node}\n"
        f"  - CPU Cores: {cores}\n"
        f"  - Memory: {used} / 2.00 GB ({percent}%)"
    )


def all_guests(lab: Lab) -> list[Guest]:
    return list(lab.builder.cluster.guests.values())


def listing_of(lab: Lab, **options: object) -> str:
    """Return what the list must say about all VMs, those of the first node first."""
    entries = [f"\n{entry_of(guest, **options)}" for guest in all_guests(lab)]
    return "\n".join(["[vm] Virtual Machines", *entries])


def test_list_shows_every_vm_of_every_node(lab: Lab) -> None:
    [content] = lab.build_tools().get_vms()

    assert content.text == listing_of(lab)
    assert [call.params for call in lab.builder.calls] == [{"type": "vm"}]
    assert lab.reads == ["/cluster/resources"]


def test_list_follows_a_change_of_status(lab: Lab) -> None:
    tools = lab.build_tools()
    tools.get_vms()
    lab.set_status("running")

    [content] = tools.get_vms()

    assert content.text == listing_of(lab)


def test_list_leaves_containers_out(lab: Lab) -> None:
    mock: Any = lab.builder.build()
    mock.cluster.resources.get.return_value = [
        {"type": "lxc", "vmid": 901, "name": "a-container", "status": "running", "node": NODE},
        {"type": "qemu", "id": "qemu/902", "status": "stopped", "node": NODE},
    ]

    [content] = lab.build_mocked_tools().get_vms()

    assert "a-container" not in content.text
    assert "VM-902 (ID: 902)" in content.text


def test_list_falls_back_to_the_nodes_when_the_cluster_fails(lab: Lab) -> None:
    lab.builder.with_operation_error("resources", "got timeout")

    [content] = lab.build_tools().get_vms()

    assert content.text == listing_of(lab)
    assert [path for path in lab.reads if path.endswith("/qemu")] == [
        f"/nodes/{OTHER_NODE}/qemu",
        f"/nodes/{NODE}/qemu",
    ]


def test_list_falls_back_when_the_cluster_answers_no_list(lab: Lab) -> None:
    mock: Any = lab.builder.build()
    mock.cluster.resources.get.return_value = impossible({"unexpected": True})

    [content] = lab.build_mocked_tools().get_vms()

    assert content.text == listing_of(lab)


def test_list_fallback_shows_no_cores_without_the_configuration(lab: Lab) -> None:
    lab.builder.with_operation_error("resources", "got timeout")
    lab.builder.with_operation_error("config", "got timeout")

    [content] = lab.build_tools().get_vms()

    assert content.text == listing_of(lab, cores="N/A")


def test_list_fallback_reports_a_node_that_is_offline(lab: Lab) -> None:
    lab.builder.with_operation_error("resources", "got timeout")
    lab.builder.with_node(OTHER_NODE, online=False)

    listing, report = lab.build_tools().get_vms()

    answer = json.loads(report.text)
    assert (answer["success"], answer["code"]) == (False, "INCOMPLETE_INVENTORY")
    assert [warning.split(":")[0] for warning in answer["warnings"]] == [OTHER_NODE]
    assert entry_of(lab.guest) in listing.text
    assert f"Node: {OTHER_NODE}" not in listing.text


def test_list_fails_when_neither_the_cluster_nor_the_nodes_answer(lab: Lab) -> None:
    for operation, times in (("resources", 2), ("nodes", 1), ("list", 2)):
        lab.builder.with_operation_error(operation, "no quorum", times=times)
    tools = lab.build_tools()

    refusals = [refusal_of(tools.get_vms) for _ in range(2)]

    reason = "500 Internal Server Error: no quorum"
    assert refusals == [
        f"RuntimeError: Failed to get VMs: {reason}",
        f"RuntimeError: VM inventory is unavailable: {OTHER_NODE}: {reason}; {NODE}: {reason}",
    ]


def test_next_vmid_is_the_lowest_free_one(
    lab: Lab, read_json: Callable[[Any], dict[str, Any]]
) -> None:
    lab.builder.with_vm(100).with_vm(101)

    answer = read_json(lab.build_tools().get_next_vmid())

    assert answer == {"vmid": "102"}


def test_next_vmid_fails_with_the_api(lab: Lab) -> None:
    lab.builder.with_operation_error("nextid", "no quorum")

    with pytest.raises(RuntimeError, match=r"^Failed to get_next_vmid: 500 .*no quorum"):
        lab.build_tools().get_next_vmid()
