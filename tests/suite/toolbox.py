"""Makes every kind of tools on one API, for workflows that need several."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from proxmoxer import ProxmoxAPI


@dataclass
class Toolbox:
    """The tools of proxmox-mcp-plus; each kind is imported and made when first used."""

    api: ProxmoxAPI

    # Any below: proxmox-mcp-plus has no types. The imports are paid by the tests that need them.
    @cached_property
    def vms(self) -> Any:
        """Tools for VMs."""
        from proxmox_mcp.tools.vm import VMTools  # noqa: PLC0415 - see above

        return VMTools(self.api)

    @cached_property
    def containers(self) -> Any:
        """Tools for containers."""
        from proxmox_mcp.tools.containers import ContainerTools  # noqa: PLC0415 - see above

        return ContainerTools(self.api)

    @cached_property
    def snapshots(self) -> Any:
        """Tools for snapshots."""
        from proxmox_mcp.tools.snapshots import SnapshotTools  # noqa: PLC0415 - see above

        return SnapshotTools(self.api)

    @cached_property
    def nodes(self) -> Any:
        """Tools for nodes."""
        from proxmox_mcp.tools.node import NodeTools  # noqa: PLC0415 - see above

        return NodeTools(self.api)

    @cached_property
    def storages(self) -> Any:
        """Tools for storages."""
        from proxmox_mcp.tools.storage import StorageTools  # noqa: PLC0415 - see above

        return StorageTools(self.api)

    @cached_property
    def files(self) -> Any:
        """Tools for ISO images and templates."""
        from proxmox_mcp.tools.iso import ISOTools  # noqa: PLC0415 - see above

        return ISOTools(self.api)

    @cached_property
    def backups(self) -> Any:
        """Tools for backups."""
        from proxmox_mcp.tools.backup import BackupTools  # noqa: PLC0415 - see above

        return BackupTools(self.api)

    @cached_property
    def logs(self) -> Any:
        """Tools for logs."""
        from proxmox_mcp.tools.logs import LogTools  # noqa: PLC0415 - see above

        return LogTools(self.api)
