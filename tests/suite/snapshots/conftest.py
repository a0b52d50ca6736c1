"""Holds the lab of the snapshot suite, once for each kind of guest."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.suite.lab import NAME, NODE, OTHER_NODE, Lab, add_bystanders, add_guest, unchanged_guests


@pytest.fixture(scope="session", autouse=True)
def snapshot_tools_class() -> Any:
    """The class under test; imported here, so that its half second is no test's own."""
    from proxmox_mcp.tools.snapshots import SnapshotTools  # noqa: PLC0415 - see above

    return SnapshotTools


@pytest.fixture(params=["qemu", "lxc"])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of the guest under test, each in turn."""
    return str(request.param)


@pytest.fixture
def lab(
    kind: str,
    thread_safe_mock_builder: Callable[[], ProxmoxAPIMockBuilder],
    process_unique_vmid: str,
    vmid_factory: Callable[[], int],
    snapshot_tools_class: Any,
) -> Iterator[Lab]:
    """A cluster with a stopped guest of the kind; a bystander has a snapshot, too."""
    builder = thread_safe_mock_builder().with_node(OTHER_NODE).with_node(NODE)
    add_bystanders(builder, vmid_factory, "qemu", "lxc")
    for guest in builder.cluster.guests.values():
        builder.with_snapshot("before", guest.vmid, guest.node, "a bystander's")
    with unchanged_guests(builder):
        add_guest(builder, kind, process_unique_vmid, node=NODE, name=NAME)
        spare = str(vmid_factory())
        yield Lab(builder, snapshot_tools_class, process_unique_vmid, spare, kind=kind)
