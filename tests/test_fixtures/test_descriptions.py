from collections.abc import Callable

import pytest

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError


@pytest.mark.parametrize(
    ("describe", "message"),
    [
        (lambda b: b.with_ha(100, max_restarts=1), "resource has no 'max_restarts'"),
        (lambda b: b.with_ha(100, max_restart="x"), r"resource max_restart='x': type check"),
        (lambda b: b.with_ha(100, "running"), "'running' is no state of a resource"),
        (lambda b: b.with_bridge("vmbr1", bridge_port="eno1"), "interface has no 'bridge_port'"),
        (lambda b: b.with_bridge("vmbr1", mtu=1), "minimum value of 1280"),
        (lambda b: b.with_pool("a b"), "valid pool name"),
        (lambda b: b.with_firewall_options(policy_in="DROPP"), "enumeration"),
        (lambda b: b.with_firewall_options(vmid=100, ebtables=1), "has no 'ebtables'"),
        (lambda b: b.with_token(tokenid="1x"), "no name of a token"),
    ],
)
def test_what_proxmox_could_not_have_is_refused(
    mock_builder: ProxmoxAPIMockBuilder,
    describe: Callable[[ProxmoxAPIMockBuilder], object],
    message: str,
) -> None:
    mock_builder.with_vm(100)

    with pytest.raises(DoubleError, match=message):
        describe(mock_builder)


def test_dashes_are_written_as_two_underscores(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm(100).with_ha(100, auto__rebalance=0)

    (resource,) = mock_builder.build_api().cluster.ha.resources.get()

    assert resource["auto-rebalance"] == 0


def test_changed_node_keeps_what_it_had(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_bridge("vmbr1").with_node("node1", cores=2)

    node = mock_builder.cluster.nodes["node1"]

    assert (node.cores, "vmbr1" in node.network.active) == (2, True)
