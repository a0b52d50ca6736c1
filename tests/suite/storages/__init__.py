"""The suite of proxmox-mcp-plus's `StorageTools` and `ISOTools`."""
