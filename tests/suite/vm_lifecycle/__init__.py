"""The suite of proxmox-mcp-plus's `VMTools`: one file per operation."""
