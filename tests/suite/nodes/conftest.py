"""Gives the lab the tools for nodes, and its nodes sizes by which they are told apart."""

from dataclasses import replace
from typing import Any

import pytest

from tests.suite.lab import NODE, OTHER_NODE, Lab


@pytest.fixture(scope="session")
def node_tools_class() -> Any:
    """The class under test."""
    from proxmox_mcp.tools.node import NodeTools  # noqa: PLC0415 - paid by the workers that need it

    return NodeTools


@pytest.fixture
def lab(lab: Lab, node_tools_class: Any) -> Lab:
    """The lab with tools for nodes; both nodes have been up for a day, an hour and a minute."""
    lab.builder.with_node(OTHER_NODE, cores=4, memory_gib=16)
    lab.builder.with_node(NODE, cores=12, memory_gib=64)
    lab.builder.clock.advance(90_060)
    return replace(lab, tools_class=node_tools_class)
