"""Workflows over several kinds of tools of proxmox-mcp-plus."""
