"""The suite of proxmox-mcp-plus's `BackupTools`."""
