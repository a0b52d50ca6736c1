"""The suite of proxmox-mcp-plus's `SnapshotTools`, for both kinds of guests."""
