"""Gives the lab the tools for storages and for files, and files that are told apart."""

from dataclasses import replace
from typing import Any

import pytest

from tests.suite.lab import NODE, OTHER_NODE, Lab


@pytest.fixture(scope="session")
def storage_tools_class() -> Any:
    """The class that lists storages."""
    from proxmox_mcp.tools.storage import StorageTools  # noqa: PLC0415 - paid by its workers

    return StorageTools


@pytest.fixture(scope="session")
def iso_tools_class() -> Any:
    """The class that lists, fetches and deletes files."""
    from proxmox_mcp.tools.iso import ISOTools  # noqa: PLC0415 - paid by its workers

    return ISOTools


@pytest.fixture
def storage_lab(lab: Lab, storage_tools_class: Any) -> Lab:
    """The lab with tools for storages."""
    return replace(lab, tools_class=storage_tools_class)


@pytest.fixture
def iso_lab(lab: Lab, iso_tools_class: Any) -> Lab:
    """The lab with tools for files; both nodes have files of the same names, unlike in size."""
    lab.builder.with_storage("vault", kind="nfs", content="iso,vztmpl,backup")
    for node, size_mib in ((OTHER_NODE, 100), (NODE, 200)):
        for volid in ("iso/debian.iso", "iso/alpine.iso", "vztmpl/debian.tar.zst"):
            lab.builder.with_content(f"local:{volid}", node=node, size_mib=size_mib)
    lab.builder.with_content("vault:iso/debian.iso", size_mib=3000)
    lab.builder.with_content("vault:vztmpl/alpine.tar.xz", size_mib=3)
    lab.builder.with_backup(lab.vmid, "vault", node=NODE)
    return replace(lab, tools_class=iso_tools_class)
