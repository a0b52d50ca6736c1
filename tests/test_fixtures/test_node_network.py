from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError


@pytest.fixture
def network(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The network of node1, with a second bridge."""
    return mock_builder.with_bridge("vmbr1").build_api().nodes("node1").network


def names(interfaces: list[dict[str, Any]]) -> list[str]:
    return [one["iface"] for one in interfaces]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (None, ["eno1", "vmbr0", "vmbr1"]),
        ("any_bridge", ["vmbr0", "vmbr1"]),
        ("any_local_bridge", ["vmbr0", "vmbr1"]),
        ("eth", ["eno1"]),
        ("bond", []),
    ],
)
def test_interfaces_by_type(network: Any, kind: str | None, expected: list[str]) -> None:
    assert names(network.get(type=kind)) == expected


def test_new_interface_waits_for_the_reload(network: Any) -> None:
    network.post(iface="vmbr2", type="bridge", cidr="192.0.2.1/24", autostart=1)

    created = network("vmbr2").get()
    assert (created["address"], created["netmask"], created["method"]) == (
        "192.0.2.1", "24", "static",
    )  # fmt: skip
    assert "active" not in created
    assert network.put().split(":")[5:7] == ["srvreload", "networking"]
    assert network("vmbr2").get()["active"] == 1


def test_revert_forgets_what_waits(network: Any) -> None:
    network("vmbr1").delete()
    network.post(iface="vmbr2", type="bridge")

    network.delete()

    assert names(network.get()) == ["eno1", "vmbr0", "vmbr1"]


def test_update_keeps_what_is_not_named(network: Any) -> None:
    network("vmbr0").put(type="bridge", comments="uplink", delete="gateway")

    updated = network("vmbr0").get()
    assert (updated["comments"], updated["bridge_ports"], "gateway" in updated) == (
        "uplink", "eno1", False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("params", "errors"),
    [
        ({"iface": "vmbr0"}, {"iface": "interface already exists"}),
        (
            {"address": "192.0.2.1"},
            {"netmask": "missing property - 'address' requires this property"},
        ),
        (
            {"cidr": "192.0.2.1/24", "address": "192.0.2.9", "netmask": "24"},
            {"address": "address conflicts with cidr"},
        ),
        (
            {"cidr": "192.0.2.1/24", "gateway": "192.0.2.254"},
            {"gateway": "Default gateway already exists on interface 'vmbr0'."},
        ),
        (
            {"cidr": "192.0.2.1/99"},
            {"cidr": "invalid format - value does not look like a valid IPv4 network\n"},
        ),
    ],
    ids=["exists", "no mask", "conflict", "second gateway", "no such mask"],
)
def test_interface_is_refused(network: Any, params: dict[str, str], errors: dict[str, str]) -> None:
    with pytest.raises(ResourceException) as raised:
        network.post(**{"iface": "vmbr9", "type": "bridge", **params})

    assert (raised.value.status_code, raised.value.errors) == (400, errors)


@pytest.mark.parametrize("verb", ["get", "delete"])
def test_unknown_interface_is_refused(network: Any, verb: str) -> None:
    with pytest.raises(ResourceException) as raised:
        getattr(network("nope"), verb)()

    assert raised.value.errors == {"iface": "interface does not exist"}


def test_mask_may_be_written_as_an_address(network: Any) -> None:
    network.post(iface="vmbr2", type="bridge", address="192.0.2.1", netmask="255.255.255.0")

    assert network("vmbr2").get()["cidr"] == "192.0.2.1/24"


def test_network_can_be_described(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_node("node2", network={"br7": {"type": "bridge"}})

    assert names(mock_builder.build_api().nodes("node2").network.get()) == ["br7"]


def test_described_interface_needs_a_type(mock_builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(DoubleError, match="no type; give one"):
        mock_builder.with_node("node2", network={"br7": {}})
