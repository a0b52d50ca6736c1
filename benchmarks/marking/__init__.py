"""What `mark` is measured with: packages of others, and the Proxmox suite without its markers."""
