"""What the shared resources cost, and whether they hold what they promise."""
