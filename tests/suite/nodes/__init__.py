"""The suite of proxmox-mcp-plus's `NodeTools`."""
