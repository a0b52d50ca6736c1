"""Wires the two plugins together, and exports the names that other suites import from here."""

from tests.fixtures.mock_helpers import thread_safe_mock_builder

__all__ = ["thread_safe_mock_builder"]

pytest_plugins = ["tests.infra.plugin", "tests.fixtures.plugin", "pytester"]
