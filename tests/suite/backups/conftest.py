"""Gives the lab the tools for backups, a storage that both nodes share, and a container."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.suite.lab import NODE, Lab


@pytest.fixture(scope="session")
def backup_tools_class() -> Any:
    """The class under test."""
    from proxmox_mcp.tools.backup import BackupTools  # noqa: PLC0415 - paid by its workers

    return BackupTools


@pytest.fixture
def lab(lab: Lab, backup_tools_class: Any) -> Lab:
    """The lab with tools for backups, and the storage `vault` for them."""
    lab.builder.with_storage("vault", kind="nfs", content="backup,iso")
    return replace(lab, tools_class=backup_tools_class)


@pytest.fixture
def container(lab: Lab, vmid_factory: Callable[[], int]) -> str:
    """The id of a container on the node of the VM under test."""
    vmid = vmid_factory()
    lab.builder.with_container(vmid, NODE, name="box")
    return str(vmid)
