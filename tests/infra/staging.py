"""What running tests in an order of one's own needs: options switched off, and copies of tests.

It is used by plugins that are loaded by `-p`, and is none itself.
"""

import copy
from typing import Any, Final

import pytest

SWITCHED_OFF: Final = {
    "maxfail": 0,
    "lf": False,
    "failedfirst": False,
    "newfirst": False,
    "stepwise": False,
    "stepwise_skip": False,
    "usepdb": False,
    "trace": False,
}
"""Options of pytest's that leave tests out, change their order, or wait for a person."""


def switch_off(config: pytest.Config) -> list[str]:
    """Set the options that a comparison of orders can't have, and return those that were on."""
    changed = []
    for name, value in SWITCHED_OFF.items():
        if getattr(config.option, name, None):
            changed.append(name)
            setattr(config.option, name, value)
    return changed


def clone(item: pytest.Item) -> pytest.Item:
    """Return the test as a second item, made before the first one has run.

    The same item can't follow itself (pytest would keep its fixtures), would keep its instance of
    the class, and a doctest would find its names removed.
    """
    # Any: requests, instances and doctests are attributes of some kinds of items only.
    second: Any = copy.copy(item)
    second.own_markers = list(item.own_markers)
    second.user_properties = list(item.user_properties)
    if getattr(item, "instance", None) is not None:
        second.__dict__.pop("_instance", None)
        second.__dict__.pop("_obj", None)
    if hasattr(item, "dtest"):
        second.dtest = copy.copy(item.dtest)
        second.dtest.globs = dict(second.dtest.globs)
    if hasattr(item, "_initrequest"):
        second._initrequest()  # noqa: SLF001  as pytest itself does before it runs an item again
    found: pytest.Item = second
    return found


def know_cache_dir(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Let runs with a cache of their own begin where the user has switched caches off."""
    if pluginmanager.is_blocked("cacheprovider"):
        parser.addini("cache_dir", "where no cache is", default=".pytest_cache")
