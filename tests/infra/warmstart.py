"""Workers forked from one process that has imported what the last run's workers did.

This is the side of pytest: whether it can be done, when, and what is learned for the next run.
The process is `nursery`, what it imports `preloads` and `gate`.  Nothing here fails a run: where
something is odd, workers start cold, and `ControllerSide.explain` says why.
"""

import contextlib
import dataclasses
import os
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from . import early_start, gate, identity, preloads, seeds
from .archive import DIRECTORY, find_directory
from .errors import RecordError
from .nursery_handle import Nursery
from .preloads import Imports, Preload

if TYPE_CHECKING:
    from execnet import XSpec
    from xdist.workermanage import WorkerController

TOLD: Final = "infra_imports"
"""Key in xdist's `workeroutput`: what the worker that was asked had imported at its end."""

ASKED: Final = "infra_tell_imports"
"""Key in xdist's `workerinput` of the worker that is asked: where installed modules lie."""

READY_TIMEOUT_S: Final = 60.0
"""How long a nursery may import; a cold worker would have to wait for the same modules."""

COVERAGE_VARIABLES: Final = ("COVERAGE_PROCESS_", "COV_CORE_")
"""Beginnings of the variables that measure coverage from an interpreter's start on."""

PLUGIN_VARIABLES: Final = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_PLUGINS", "PYTEST_ADDOPTS")

FILE_NAME: Final = "warmstart.json"
"""In our directory of pytest's cache."""

CLIENT: Final = Path(__file__).with_name("nursery_client.py")


def register(
    config: pytest.Config, directory: Path, packages: Sequence[str] = ()
) -> "ControllerSide | None":
    """Register this process's side; on a controller, start a nursery that listens in `directory`.

    Call it only where a warm start is wanted and xdist is loaded.

    :param packages: of the project, which are imported once for all workers.
    """
    if identity.is_controller(config):
        side = ControllerSide(config, directory, packages)
        config.pluginmanager.register(side, "infra-warmstart")
        config.add_cleanup(side.close)
        return side
    if roots := getattr(config, "workerinput", {}).get(ASKED):
        config.pluginmanager.register(WorkerSide(roots), "infra-warmstart")
    return None


def start_early(config: pytest.Config) -> None:
    """Start a nursery by what the last run left, before it is known whether it is wanted."""
    directory = find_directory(config)
    kept = preloads.read_preload(directory / FILE_NAME) if directory else None
    if kept is None:
        return
    order = build_order(kept, find_roots((config.getini("warm_packages") or "").split()))
    run_seed, environ = seeds.draw_run_seed(), dict(os.environ)
    seeds.HashSeeds(environ, run_seed, {}).open()
    # Whoever wants one later tries again, and says why there is none.
    with contextlib.suppress(OSError):
        early = early_start.EarlyNursery(order, environ, Nursery(order, environ))
        early_start.keep(config, early, run_seed)


class WorkerSide:
    """The hooks of the one worker that is asked."""

    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = roots

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell what has been imported, before xdist sends a worker's output."""
        imports = preloads.list_imports(sys.modules, sys.path, self._roots)
        # xdist's attribute of a worker's config.
        getattr(session.config, "workeroutput", {})[TOLD] = imports.to_json()


class ControllerSide:
    """The hooks of the controller: sends workers to a nursery, and learns for the next run."""

    def __init__(self, config: pytest.Config, directory: Path, packages: Sequence[str]) -> None:
        self._config = config
        self._packages = (__package__, *packages)
        self._interpreter = preloads.describe_interpreter(preloads.get_roots())
        self._roots = find_roots(packages)
        self._mode = describe_mode(config)
        self._kept: Preload | None = None
        self._nursery: Nursery | None = None
        self._asked: str | None = None
        self.is_warm = False
        """Whether workers are sent to a nursery."""
        self._problem = find_obstacle(config, os.environ)
        self._can_learn = not self._problem
        if not self._problem:
            self._problem = self._start(find_file(config), directory)
        early_start.drop(config)

    def explain(self) -> str:
        """Return one line on why workers started cold, or nothing where none did."""
        if self.is_warm and self._nursery is not None:
            self._problem = self._problem or self._nursery.read_problem()
        return f"workers start cold: {self._problem}" if self._problem else ""

    def pytest_xdist_setupnodes(self, specs: "Sequence[XSpec]") -> None:
        """Wait for the nursery, and let execnet start clients in the place of interpreters."""
        if self._nursery is None:
            return
        offenders, self._problem = self._nursery.wait_until_ready(READY_TIMEOUT_S)
        if offenders and self._kept is not None:
            lasting = find_lasting(offenders, self._packages)
            excluded = {**self._kept.excluded, **lasting}
            self._kept = dataclasses.replace(self._kept, excluded=excluded)
        if self._problem:
            self._nursery.kill()
            self._nursery = None
            return
        self.is_warm = True
        for spec in specs:
            # No variables, no packages: a client needs neither, and starts in a third of the time.
            client = (sys.executable, "-I", "-S", str(CLIENT))
            spec.python = shlex.join((*client, str(self._nursery.socket_path), sys.executable))

    def pytest_configure_node(self, node: "WorkerController") -> None:
        """Ask one worker what it has imported, or the next one if that one crashed."""
        if self._asked is None and self._can_learn:
            self._asked = node.gateway.id
            node.workerinput[ASKED] = list(self._roots)

    def pytest_testnodedown(self, node: "WorkerController", error: object | None) -> None:
        """Learn from the worker that was asked."""
        if node.gateway.id != self._asked:
            return
        if error:
            self._asked = None
        elif told := getattr(node, "workeroutput", {}).get(TOLD):
            with contextlib.suppress(OSError, RecordError):
                self._learn(Imports.from_json(told))

    def close(self) -> None:
        """End the nursery, whose workers have ended."""
        if self._nursery is not None:
            self._nursery.close()
            self._nursery = None

    def _start(self, path: Path, directory: Path) -> str:
        """Start a nursery; return what stands against it, or an empty string."""
        self._kept = preloads.read_preload(path)
        if self._kept is None:
            return "this run learns what workers import"
        obstacle = self._kept.find_obstacle(self._interpreter, self._mode, time.time())
        if obstacle:
            return obstacle
        order = build_order(self._kept, self._roots)
        try:
            self._nursery = early_start.take(self._config, order) or Nursery(order)
            self._nursery.settle(directory)
        except OSError as error:
            return f"no process could be started ({error})"
        return ""

    def _learn(self, imports: Imports) -> None:
        is_known = self._kept is not None and self._kept.interpreter == self._interpreter
        learned = Preload(
            imports=imports,
            excluded=self._kept.excluded if self._kept and is_known else {},
            interpreter=self._interpreter,
            mode=self._mode,
            learned=self._kept.learned if self._kept and self.is_warm else time.time(),
        )
        if self._config.cache is not None:
            path = self._config.cache.mkdir(DIRECTORY) / FILE_NAME
            preloads.write_preload(path, learned)


def find_obstacle(config: pytest.Config, environ: Mapping[str, str]) -> str:
    """Return what stands against forking workers in any run like this one, or an empty string."""
    return next(_find_obstacles(config, environ), "")


def _find_obstacles(config: pytest.Config, environ: Mapping[str, str]) -> Iterator[str]:
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        yield "only Linux can fork them safely"
    if any(tx.rpartition("*")[2] != "popen" for tx in config.getoption("tx")):
        yield "--tx names other than plain local workers"
    if is_traced():
        yield "a tracer, a profiler or coverage is at work"
    for name in environ:
        if name.startswith(COVERAGE_VARIABLES):
            yield f"{name} measures coverage from an interpreter's start on"
    if any(config.rootpath.is_relative_to(root) for root in preloads.get_roots()):
        yield "the tests lie among installed packages"
    if not config.pluginmanager.hasplugin("cacheprovider"):
        yield "pytest keeps no cache to learn from"


def find_lasting(offenders: Mapping[str, str], packages: Sequence[str]) -> dict[str, str]:
    """Leave out the project's modules that could not be imported just now: they will be mended."""
    own = tuple(f"{package}." for package in packages)
    return {
        name: reason
        for name, reason in offenders.items()
        if not (name.startswith(own) and reason.startswith(gate.RAISES))
    }


def is_traced() -> bool:
    """Tell whether something watches this process, and so would want to watch its workers."""
    # Python 3.12 and later.
    monitoring = getattr(sys, "monitoring", None)
    tools = [monitoring.get_tool(number) for number in range(6)] if monitoring else []
    return bool(sys.gettrace() or sys.getprofile() or any(tools))


def describe_mode(config: pytest.Config) -> str:
    """Name what decides which modules pytest rewrites, and which plugins it loads."""
    autoload = config.getoption("disable_plugin_autoload", default=False)
    variables = [os.environ.get(name) for name in PLUGIN_VARIABLES]
    options = config.getoption("assertmode"), config.getoption("plugins"), autoload
    return repr((*options, str(config.inipath), *variables))


def find_file(config: pytest.Config) -> Path:
    """Return where our file lies, beside the history's; where there is no cache, nobody asks."""
    directory = find_directory(config)
    assert directory is not None, "find_obstacle names it before"
    return directory / FILE_NAME


def find_roots(packages: Sequence[str]) -> tuple[str, ...]:
    """Return the directories from which a nursery may import: installed ones, and packages'."""
    own = preloads.find_packages((__package__, *packages))
    return (*preloads.get_roots(), *own)


def build_order(preload: Preload, roots: Sequence[str]) -> gate.Order:
    """Build what a nursery is told."""
    imports = preload.imports
    return gate.Order(
        modules=imports.modules,
        rewritten=imports.rewritten,
        excluded=(*preload.excluded, *imports.odd),
        roots=roots,
        search_path=imports.search_path,
    )
