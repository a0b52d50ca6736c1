"""Compares the double with fakepve, an independent imitation of Proxmox VE 9 and its schema.

Needs the dependency group `wire`; without it these tests are skipped.
"""
