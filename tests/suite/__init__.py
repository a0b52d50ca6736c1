"""Holds the tests of proxmox-mcp-plus: its tools, on the Proxmox double."""
