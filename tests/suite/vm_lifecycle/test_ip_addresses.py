"""Reading a guest's addresses from its agent."""

from collections.abc import Callable
from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.vm_data_factory import ProxmoxAPIResponseFactory
from tests.suite.lab import NODE, Lab

pytestmark = pytest.mark.unit

ReadJson = Callable[[Any], dict[str, Any]]


def interface(name: str, *addresses: str) -> dict[str, object]:
    """Describe one, as the agent does; an address with a colon is of IPv6."""
    listed = [
        {"ip-address": address, "ip-address-type": "ipv6" if ":" in address else "ipv4"}
        for address in addresses
    ]
    return {"name": name, "hardware-address": "bc:24:11:00:00:01", "ip-addresses": listed}


def read_addresses(lab: Lab, read_json: ReadJson, *interfaces: dict[str, object]) -> dict[str, Any]:
    lab.builder.with_agent(lab.vmid, NODE, interfaces=interfaces)
    return read_json(lab.build_tools().get_vm_ip_addresses(**lab.params))


def test_addresses_come_by_interface(lab: Lab, read_json: ReadJson) -> None:
    card = interface("eth0", "192.0.2.7", "2001:db8::7", "192.0.2.8")

    answer = read_addresses(lab, read_json, card)

    assert answer["interfaces"] == [
        {
            "name": "eth0",
            "mac": "bc:24:11:00:00:01",
            "ipv4": ["192.0.2.7", "192.0.2.8"],
            "ipv6": ["2001:db8::7"],
        }
    ]
    assert (answer["vmid"], answer["node"]) == (lab.vmid, NODE)


def test_addresses_leave_the_loopback_out(lab: Lab, read_json: ReadJson) -> None:
    cards = [interface("lo", "127.0.0.1"), interface("eth0", "192.0.2.7")]

    answer = read_addresses(lab, read_json, *cards)

    assert [card["name"] for card in answer["interfaces"]] == ["eth0"]


@pytest.mark.parametrize(
    ("addresses", "primary"),
    [
        pytest.param(["192.0.2.7", "192.0.2.8"], "192.0.2.7", id="the first"),
        pytest.param(["2001:db8::7", "192.0.2.8"], "192.0.2.8", id="of IPv4"),
        pytest.param(["127.0.0.5", "192.0.2.8"], "192.0.2.8", id="no loopback"),
        pytest.param(["2001:db8::7"], None, id="none of IPv6"),
        pytest.param([], None, id="none"),
    ],
)
def test_primary_address_is_the_first_useful_one(
    lab: Lab, read_json: ReadJson, addresses: list[str], primary: str | None
) -> None:
    answer = read_addresses(lab, read_json, interface("eth0", *addresses))

    assert answer["primary_ip"] == primary


def test_addresses_of_a_guest_without_interfaces_are_none(lab: Lab, read_json: ReadJson) -> None:
    answer = read_addresses(lab, read_json)

    assert (answer["interfaces"], answer["primary_ip"]) == ([], None)


def test_addresses_need_an_agent_that_answers(lab: Lab) -> None:
    lab.builder.with_agent(lab.vmid, NODE, running=False)

    with pytest.raises(ValueError, match=f"^Guest agent on VM {lab.vmid} did not answer") as caught:
        lab.build_tools().get_vm_ip_addresses(**lab.params)

    assert isinstance(caught.value.__cause__, ResourceException)


def test_addresses_need_a_running_vm(lab: Lab) -> None:
    lab.builder.with_agent(lab.vmid, NODE)
    lab.set_status("stopped")

    with pytest.raises(ValueError, match=f"^Guest agent on VM {lab.vmid} did not answer"):
        lab.build_tools().get_vm_ip_addresses(**lab.params)


def test_addresses_of_a_missing_vm_cannot_be_read(empty_lab: Lab) -> None:
    with pytest.raises(RuntimeError, match=f"{empty_lab.vmid}.conf' does not exist"):
        empty_lab.build_tools().get_vm_ip_addresses(**empty_lab.params)


def test_addresses_without_the_privilege_are_not_the_agent_s_fault(lab: Lab) -> None:
    lab.builder.with_agent(lab.vmid, NODE)
    reason = "Permission check failed: guest agent is not enabled for you"
    error = ProxmoxAPIResponseFactory().create_error_response(reason, status=403)
    lab.builder.with_operation_error("agent-interfaces", error)

    with pytest.raises(RuntimeError, match=r"403 Forbidden: Permission check failed"):
        lab.build_tools().get_vm_ip_addresses(**lab.params)
