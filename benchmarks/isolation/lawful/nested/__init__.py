"""A package with fixtures of its own."""
