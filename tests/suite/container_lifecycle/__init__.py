"""The suite of proxmox-mcp-plus's `ContainerTools`: one file per operation."""
