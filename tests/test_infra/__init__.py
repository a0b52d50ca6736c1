"""Tests of `tests/infra`, one file per module."""
