"""Reading a guest's addresses from its agent."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.vm_data_factory import ProxmoxAPIResponseFactory
from tests.suite.lab import NODE, Lab
from tests.suite.refusals import refusal_of

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
    cards = [
        interface("lo", "127.0.0.1"),
        interface("docker0", "2001:db8::1", "127.0.0.5"),
        interface("eth0", "192.0.2.7", "2001:db8::7", "192.0.2.8"),
    ]

    answer = read_addresses(lab, read_json, *cards)

    mac = "bc:24:11:00:00:01"
    assert answer == {
        "vmid": lab.vmid,
        "node": NODE,
        "primary_ip": "192.0.2.7",
        "interfaces": [
            {"name": "docker0", "mac": mac, "ipv4": ["127.0.0.5"], "ipv6": ["2001:db8::1"]},
            {
                "name": "eth0",
                "mac": mac,
                "ipv4": ["192.0.2.7", "192.0.2.8"],
                "ipv6": ["2001:db8::7"],
            },
        ],
    }


def test_addresses_of_ipv6_alone_have_no_primary_one(lab: Lab, read_json: ReadJson) -> None:
    answer = read_addresses(lab, read_json, interface("eth0", "2001:db8::7"), interface("eth1"))

    assert [card["ipv6"] for card in answer["interfaces"]] == [["2001:db8::7"], []]
    assert answer["primary_ip"] is None


def test_addresses_need_an_agent_that_answers(lab: Lab) -> None:
    read = lab.build_tools().get_vm_ip_addresses
    lab.builder.with_agent(lab.vmid, NODE, running=False)
    refusals = [refusal_of(read, **lab.params)]
    lab.set_status("stopped")

    refusals.append(refusal_of(read, **lab.params))

    reason = "did not answer; the VM must be running with qemu-guest-agent active"
    assert refusals == [f"ValueError: Guest agent on VM {lab.vmid} {reason}"] * 2


def test_addresses_that_cannot_be_read_are_not_the_agent_s_fault(lab: Lab) -> None:
    lab.builder.with_agent(lab.vmid, NODE)
    denied = "Permission check failed: guest agent is not enabled for you"
    error = ProxmoxAPIResponseFactory().create_error_response(denied, status=403)
    lab.builder.with_operation_error("agent-interfaces", error, times=1)
    lab.builder.with_operation_error("agent-interfaces", "no quorum", times=1)
    read = lab.build_tools().get_vm_ip_addresses

    refusals = [refusal_of(read, **lab.params) for _ in range(2)]

    assert refusals == [
        f"RuntimeError: Failed to get_vm_ip_addresses: 403 Forbidden: {denied}",
        "RuntimeError: Failed to get_vm_ip_addresses: 500 Internal Server Error: no quorum",
    ]
