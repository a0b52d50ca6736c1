"""The suite of proxmox-mcp-plus's `ClusterTools` and `LogTools`."""
