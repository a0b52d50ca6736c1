"""Holds the lab of the container suite: a container under test, among containers and VMs."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.suite.lab import NAME, NODE, OTHER_NODE, Lab, add_bystanders, unchanged_guests


@pytest.fixture(scope="session", autouse=True)
def container_tools_class() -> Any:
    """The class under test; imported here, so that its half second is no test's own."""
    from proxmox_mcp.tools.containers import ContainerTools  # noqa: PLC0415 - see above

    return ContainerTools


@pytest.fixture
def lab(
    thread_safe_mock_builder: Callable[[], ProxmoxAPIMockBuilder],
    process_unique_vmid: str,
    vmid_factory: Callable[[], int],
    container_tools_class: Any,
) -> Iterator[Lab]:
    """A cluster with a stopped container under test, whose neighbour by id is a VM."""
    builder = thread_safe_mock_builder().with_node(OTHER_NODE).with_node(NODE)
    add_bystanders(builder, vmid_factory, "qemu", "lxc")
    with unchanged_guests(builder):
        builder.with_container(process_unique_vmid, NODE, name=NAME)
        spare = str(vmid_factory())
        yield Lab(builder, container_tools_class, process_unique_vmid, spare, kind="lxc")
