"""Suites whose workers share something or not, and what it costs to watch them."""
