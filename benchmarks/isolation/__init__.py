"""What isolation is measured on."""
