"""Puts the guard together for one process, and keeps the book of leaks for the run.

What a leak is, `guard` decides; which hook calls what is left to `guard_side`.
"""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from .archive import find_directory
from .guard.imports import MORE_FUNCTIONS, Builtins, Functions
from .guard.objects import Objects
from .guard.outside import build_outside
from .guard.resource import Resource
from .guard.resources import build_shallow
from .guard_side import GuardSide, Mode
from .identity import MASTER, is_worker
from .leaks import ERROR, Book, Leak
from .session import Session

WATCH_FILE: Final = "watch.json"
"""In our directory of pytest's cache: the tests that the static check has doubts about."""

RANDOM_PLUGINS: Final = ("randomly", "pytest_randomly", "random_order")


def register(
    config: pytest.Config, session: Session, tell: Callable[[Leak], None], book: Book
) -> None:
    """Register the guard of a process that runs tests.

    :param tell: takes each leak to the process that makes the report.
    :param book: where to note the rest.
    """
    settings = session.settings
    if config.option.collectonly:
        return
    doubtful = read_doubtful(config)
    is_whole = settings.isolation_tier > 1
    mode = Mode(
        worker_id=session.worker_id,
        is_error=settings.isolation == ERROR,
        is_restoring=settings.is_restoring,
        is_bracketing=has_foreign_protocol(config),
        is_deep=lambda nodeid: is_whole or nodeid in doubtful,
        # All workers import the same; to look costs a collection a sixth of its time.
        is_watching_imports=session.slot == 0 or not is_worker(config),
    )
    resources = build_resources(config, session, is_deep=is_whole or bool(doubtful))
    for resource in resources:
        config.add_cleanup(resource.close)
    side = GuardSide(resources, mode, tell=tell, book=book)
    config.pluginmanager.register(side, "infra-guard")


def has_foreign_protocol(config: pytest.Config) -> bool:
    """Tell whether a plugin that is not pytest's own does something around each test."""
    hooks = config.hook.pytest_runtest_protocol.get_hookimpls()
    plugins = (getattr(hook.plugin, "__name__", type(hook.plugin).__module__) for hook in hooks)
    return any(not name.startswith("_pytest.") for name in plugins)


def build_resources(config: pytest.Config, session: Session, *, is_deep: bool) -> list[Resource]:
    """Build what the guard compares in this process."""
    plugins = config.pluginmanager
    objects = Objects(
        config.rootpath, session.settings.isolation_packages, __name__.rpartition(".")[0]
    )
    resources = build_shallow(
        is_own=objects.is_own,
        has_own_warnings=plugins.hasplugin("warnings"),
        has_own_seed=any(plugins.hasplugin(name) for name in RANDOM_PLUGINS),
    )
    if not is_deep:
        return resources
    temp = session.environment.directories.temp if session.environment else None
    if temp is not None and session.settings.isolation_tier > 1:
        _redirect_temp(config, temp)
    is_alone = session.worker_id == MASTER
    basetemp = config.getoption("basetemp", None)
    outside = build_outside(
        config.rootpath,
        is_alone=is_alone,
        temp=temp,
        basetemp=Path(basetemp).resolve() if basetemp else None,
        infra_dir=session.settings.infra_dir,
    )
    rare: list[Resource] = [Builtins(is_whole=True), Functions(MORE_FUNCTIONS, tier=2)]
    return [*resources, *rare, objects, *outside]


def read_doubtful(config: pytest.Config) -> frozenset[str]:
    """Read which tests the static check has doubts about; none where it has not run."""
    directory = find_directory(config)
    if directory is None:
        return frozenset()
    try:
        found = json.loads((directory / WATCH_FILE).read_text(encoding="utf-8"))
        return frozenset(found["tests"])
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def _redirect_temp(config: pytest.Config, temp: Path) -> None:
    """Let tempfile use the worker's own directory: in the shared one, others leave files, too.

    Pytest's own temp directories stay where they are, for a look after the run.
    """
    before, variables = tempfile.tempdir, {"TMPDIR": str(temp)}
    variables["PYTEST_DEBUG_TEMPROOT"] = os.environ.get(
        "PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir()
    )
    known = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    tempfile.tempdir = str(temp)

    def put_back() -> None:
        tempfile.tempdir = before
        for name, value in known.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    config.add_cleanup(put_back)
