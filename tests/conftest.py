"""Wires the two plugins together, and exports the names that other suites import from here."""

import pytest

from tests.fixtures.mock_helpers import thread_safe_mock_builder
from tests.fixtures.real import tracked
from tests.infra.sharing import register_remover

__all__ = ["thread_safe_mock_builder"]

pytest_plugins = ["tests.infra.plugin", "tests.fixtures.plugin", "pytester"]


def pytest_configure(config: pytest.Config) -> None:
    """Tell the tracker how guests of a real cluster are removed."""
    register_remover(config, tracked.KIND, tracked.REMOVER)
