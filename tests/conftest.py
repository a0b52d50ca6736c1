"""Wires the two plugins together, and exports the names that other suites import from here."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.fixtures.mock_helpers import thread_safe_mock_builder

__all__ = ["thread_safe_mock_builder"]

# The first one starts what the workers are forked from, which imports beside all that follows.
pytest_plugins = ["tests.infra.plugin", "tests.fixtures.plugin", "pytester"]


def __getattr__(name: str) -> object:
    """Import the double when one of its names is asked for, and so not before the plugins."""
    if name not in __all__:
        raise AttributeError(name)
    from tests.fixtures import mock_helpers  # noqa: PLC0415  see above

    return getattr(mock_helpers, name)


def pytest_configure(config: pytest.Config) -> None:
    """Tell the tracker how guests of a real cluster are removed."""
    from tests.fixtures.real import tracked  # noqa: PLC0415  see above
    from tests.infra.sharing import register_remover  # noqa: PLC0415  see above

    register_remover(config, tracked.KIND, tracked.REMOVER)
