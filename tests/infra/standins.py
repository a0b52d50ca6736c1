"""What stands in for pytest-xdist where it is not loaded: two options, a fixture, a marker.

It is registered as a plugin of its own, and only then.  It is also the one place that touches a
private name of pytest's (`_addoption`).
"""

import importlib.util
from typing import Final

import pytest

from .errors import MissingPackageError
from .identity import get_worker_id

REPLAY: Final = "replay"
"""The name under which pytest-replay registers, whose `--replay` is another one than ours."""

NEEDS_XDIST: Final = "needs pytest-xdist, which is not loaded"


def is_xdist_loaded(pluginmanager: pytest.PytestPluginManager) -> bool:
    """Tell, once all plugins are loaded, whether xdist is: by its entry point or by its module."""
    return pluginmanager.hasplugin("xdist") or pluginmanager.hasplugin("xdist.plugin")


def is_xdist_absent(pluginmanager: pytest.PytestPluginManager) -> bool:
    """Tell, before all plugins are loaded, whether xdist is blocked or not installed."""
    return pluginmanager.is_blocked("xdist") or importlib.util.find_spec("xdist") is None


def has_own_replay() -> bool:
    """Tell whether pytest-replay is installed; ours is there where it is blocked: -p no:replay."""
    return importlib.util.find_spec("pytest_replay") is not None


def declare_options(parser: pytest.Parser) -> None:
    """Accept `-n` and `--dist`, so that `refuse_workers` can say what is wrong.

    xdist itself goes the same private way: pytest keeps lower-case short options to itself.
    """
    group = parser.getgroup("infra", "parallel test infrastructure")
    group._addoption(  # noqa: SLF001  the public addoption refuses -n
        "-n", "--numprocesses", dest="numprocesses", default="0", help=NEEDS_XDIST
    )
    group.addoption("--dist", dest="dist", default="no", help=NEEDS_XDIST)


def refuse_workers(numprocesses: str) -> None:
    """Refuse a run that asks for workers.

    :raises MissingPackageError: always, unless no workers are asked for.
    """
    if numprocesses == "0":
        return
    is_installed = importlib.util.find_spec("xdist") is not None
    raise MissingPackageError(
        "pytest-xdist",
        f"-n {numprocesses} (on the command line or in addopts) asks for workers",
        "drop -p no:xdist, or run sequentially: pytest -n 0"
        if is_installed
        else "install it (pip install pytest-xdist, or uv sync), or run sequentially: pytest -n 0",
    )


@pytest.hookimpl
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that xdist registers."""
    config.addinivalue_line("markers", "xdist_group(name): a test for the group's one worker.")


@pytest.fixture(scope="session")
def worker_id(pytestconfig: pytest.Config) -> str:
    """The name of this worker: `master`, but where this process repeats a recorded worker's."""
    return get_worker_id(pytestconfig)
