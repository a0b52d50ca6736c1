"""Trying the infrastructure beside other plugins; `beside_plugins.py` runs it."""
