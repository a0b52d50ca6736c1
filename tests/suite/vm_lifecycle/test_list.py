"""Listing VMs and finding a free id, with the fallbacks when the cluster's list can't be had."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.mock_helpers import AssertionHelper, ProxmoxAPIMockBuilder, impossible
from tests.fixtures.proxmox.guests import Guest
from tests.suite.lab import NODE, OTHER_NODE, Lab

pytestmark = pytest.mark.unit


def entry_of(guest: Guest, *, cores: object = 2) -> str:
    """Return what the list must say about a VM of 2 GiB, a quarter of it used when it runs."""
    used = "512.00 MB" if guest.is_running else "0.00 B"
    percent = "25.0" if guest.is_running else "0.0"
    return (
        f" {guest.name} (ID: {guest.vmid})\n"
        f"  - Status: {guest.status.upper()}\n"
        f"  - Node: {guest.node}\n"
        f"  - CPU Cores: {cores}\n"
        f"  - Memory: {used} / 2.00 GB ({percent}%)"
    )


def all_guests(lab: Lab) -> list[Guest]:
    return list(lab.builder.cluster.guests.values())


def test_list_shows_every_vm_of_every_node(lab: Lab) -> None:
    result = lab.build_tools().get_vms()

    AssertionHelper.assert_success_response(result, *map(entry_of, all_guests(lab)))
    assert result[0].text.count("(ID: ") == 5


def test_list_is_one_request(lab: Lab) -> None:
    lab.build_tools().get_vms()

    AssertionHelper.assert_api_call_made(lab.builder, "GET", "/cluster/resources", type="vm")
    assert len(lab.builder.calls) == 1


def test_list_follows_a_change_of_status(lab: Lab) -> None:
    tools = lab.build_tools()
    tools.get_vms()
    lab.set_status("running")

    result = tools.get_vms()

    AssertionHelper.assert_success_response(result, entry_of(lab.guest), "Status: RUNNING")


def test_list_knows_no_status_on_an_offline_node(lab: Lab) -> None:
    lab.builder.with_node(NODE, online=False)

    [content] = lab.build_tools().get_vms()

    assert content.text.count("Status: UNKNOWN") == 3
    assert f"(ID: {lab.vmid})\n  - Status: UNKNOWN\n  - Node: {NODE}" in content.text


def test_list_of_an_empty_cluster_has_no_entries(
    thread_safe_mock_builder: Callable[[], ProxmoxAPIMockBuilder], vm_tools_class: Any
) -> None:
    tools = vm_tools_class(thread_safe_mock_builder().build_api())

    [content] = tools.get_vms()

    assert content.text.endswith("Virtual Machines")


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

    result = lab.build_tools().get_vms()

    AssertionHelper.assert_success_response(result, *map(entry_of, all_guests(lab)))
    assert [path for path in lab.reads if path.endswith("/qemu")] == [
        f"/nodes/{OTHER_NODE}/qemu",
        f"/nodes/{NODE}/qemu",
    ]


def test_list_falls_back_when_the_cluster_answers_no_list(lab: Lab) -> None:
    mock: Any = lab.builder.build()
    mock.cluster.resources.get.return_value = impossible({"unexpected": True})

    result = lab.build_mocked_tools().get_vms()

    AssertionHelper.assert_success_response(result, *map(entry_of, all_guests(lab)))


def test_list_fallback_shows_no_cores_without_the_configuration(lab: Lab) -> None:
    lab.builder.with_operation_error("resources", "got timeout")
    lab.builder.with_operation_error("config", "got timeout")

    result = lab.build_tools().get_vms()

    expected = [entry_of(guest, cores="N/A") for guest in all_guests(lab)]
    AssertionHelper.assert_success_response(result, *expected)


def test_list_fallback_reports_a_node_that_is_offline(lab: Lab) -> None:
    lab.builder.with_operation_error("resources", "got timeout")
    lab.builder.with_node(OTHER_NODE, online=False)

    listing, report = lab.build_tools().get_vms()

    answer = json.loads(report.text)
    assert (answer["success"], answer["code"]) == (False, "INCOMPLETE_INVENTORY")
    assert [warning.split(":")[0] for warning in answer["warnings"]] == [OTHER_NODE]
    assert entry_of(lab.guest) in listing.text
    assert f"Node: {OTHER_NODE}" not in listing.text


def test_list_fallback_fails_when_no_node_answers(lab: Lab) -> None:
    lab.builder.with_operation_error("resources", "got timeout")
    lab.builder.with_operation_error("list", "got timeout")

    with pytest.raises(RuntimeError, match=rf"VM inventory is unavailable: {OTHER_NODE}: .*{NODE}"):
        lab.build_tools().get_vms()


def test_list_fails_when_even_the_nodes_are_unknown(lab: Lab) -> None:
    lab.builder.with_operation_error("resources", "got timeout")
    lab.builder.with_operation_error("nodes", "got timeout")

    with pytest.raises(RuntimeError, match=r"^Failed to get VMs: 500 .*got timeout"):
        lab.build_tools().get_vms()


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
