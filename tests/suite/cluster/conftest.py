"""Gives the lab the tools for the cluster and for logs."""

from dataclasses import replace
from typing import Any

import pytest

from tests.suite.lab import Lab


@pytest.fixture(scope="session")
def cluster_tools_class() -> Any:
    """The class that tells of the cluster."""
    from proxmox_mcp.tools.cluster import ClusterTools  # noqa: PLC0415 - paid by its workers

    return ClusterTools


@pytest.fixture(scope="session")
def log_tools_class() -> Any:
    """The class that reads logs."""
    from proxmox_mcp.tools.logs import LogTools  # noqa: PLC0415 - paid by its workers

    return LogTools


@pytest.fixture
def cluster_lab(lab: Lab, cluster_tools_class: Any) -> Lab:
    """The lab with tools for the cluster."""
    return replace(lab, tools_class=cluster_tools_class)


@pytest.fixture
def log_lab(lab: Lab, log_tools_class: Any) -> Lab:
    """The lab with tools for logs."""
    return replace(lab, tools_class=log_tools_class)
