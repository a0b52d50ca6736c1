"""Which modules a nursery imports, and which of them can't be shared by forked workers.

Loaded in a nursery's process only, so it needs nothing but the standard library and pytest.
Forking is left to `nursery`; what to import is decided in `preloads`.
"""

import ast
import importlib
import os
import signal
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import (
    ExtensionFileLoader,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from types import ModuleType
from typing import Final, TypeAlias

PYTEST_VARIABLES: Final = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
"""Taken away while pytest is called here: they are meant for the run's own pytest."""


SIGNALS: Final = tuple(
    getattr(signal, name)
    for name in (
        "SIGALRM",
        "SIGCHLD",
        "SIGHUP",
        "SIGINT",
        "SIGPIPE",
        "SIGTERM",
        "SIGUSR1",
        "SIGUSR2",
    )
)

PLAIN_LOADERS: Final = (SourceFileLoader, SourcelessFileLoader, ExtensionFileLoader)

PlainLoader: TypeAlias = SourceFileLoader | SourcelessFileLoader | ExtensionFileLoader

RAISES: Final = "raises"

THREADS: Final = "/proc/self/task"


class RefusedError(BaseException):
    """A module must not be imported here; no Exception, so that nobody's `except` swallows it."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to import and where to listen, as the controller writes it on standard input."""

    modules: Sequence[str]
    rewritten: Sequence[str]
    """Those that pytest rewrites the assertions of."""
    excluded: Sequence[str]
    roots: Sequence[str]
    """Only what lies in one of these directories may be imported."""
    search_path: Sequence[str]
    """`sys.path` while importing: what a worker had at its end."""


class Gate:
    """A finder before all others: refuses what must not be imported, and notes who changes what.

    One offender spoils the whole pass; it goes on, so that the next run knows all of them.
    """

    def __init__(self, order: Order, recorded: Sequence[object]) -> None:
        self.offenders: dict[str, str] = {}
        self._excluded = set(order.excluded)
        self._roots = tuple(f"{root}{os.sep}" for root in order.roots)
        self._recorded = recorded
        self._look()

    # The signature of `importlib.abc.MetaPathFinder`.
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module with the finders that come after this one.

        :raises RefusedError: it must not be imported, or what ran since the last call must not.
        """
        self._check_quickly(_find_innermost)
        if name in self._excluded:
            raise RefusedError(name)
        spec = self._ask_others(name, path, target)
        if spec is not None and spec.has_location and not self._is_known(spec.origin):
            raise RefusedError(name, "of the project")
        if spec is not None and isinstance(spec.loader, PLAIN_LOADERS):
            self._watch(spec.loader, name)
        return spec

    def load(self, name: str) -> None:
        """Import a module unless it is excluded or already there."""
        if name in sys.modules or name in self._excluded:
            return
        try:
            importlib.import_module(name)
            self._check(name)
        except RefusedError as error:
            self._note(name, " ".join(("imports", *error.args)))
        # Whatever it raises, the next run shall do without this module.
        except BaseException as error:  # noqa: BLE001  see above
            self._note(name, f"{RAISES} {type(error).__name__}")
        if name in self.offenders:
            # What it has left behind, or let go of since, is not the next one's doing.
            self._look()

    def _watch(self, loader: PlainLoader, name: str) -> None:
        """Look again once the module's code has run, and before its importer's goes on."""
        run = loader.exec_module

        def run_and_check(module: ModuleType) -> None:
            # Only this loader's, and only this once: nothing of it stays in the workers.
            del loader.exec_module
            run(module)
            self._check_quickly(lambda: name)

        loader.exec_module = run_and_check  # type: ignore[method-assign]  # undone above

    def _check_quickly(self, find_suspect: Callable[[], str]) -> None:
        if find_change(self._quick, take_quick_state()):
            self._check(find_suspect())

    def _check(self, suspect: str) -> None:
        """Note the module whose code ran since the last check if something has changed.

        :raises RefusedError: something has, and all that are being imported now must end.
        """
        state = take_state()
        reason = find_change(self._state, state)
        if len(self._recorded) > self._recorded_before:
            reason = reason or "warns"
        if reason:
            self._look()
            self._note(suspect, reason)
            raise RefusedError(suspect)

    def _look(self) -> None:
        self._quick, self._state = take_quick_state(), take_state()
        self._recorded_before = len(self._recorded)

    def _note(self, name: str, reason: str) -> None:
        """Exclude a module from here on, so that those that import it are found, too."""
        self.offenders.setdefault(name, reason)
        self._excluded.add(name)
        sys.modules.pop(name, None)

    def _ask_others(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            if finder is not self:
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    return spec
        return None

    def _is_known(self, origin: str | None) -> bool:
        return origin is not None and (origin.startswith(self._roots) or is_bare_package(origin))


class Preloader:
    """A pytest plugin that imports while pytest's hook for assertions is in place."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self.offenders: dict[str, str] | None = None

    def pytest_cmdline_main(self) -> int:
        """Import, in the place of a run."""
        import pytest  # noqa: PLC0415  part of the call below, which is when it shall be imported

        pytest.register_assert_rewrite(*self._order.rewritten)
        search_path = list(sys.path)
        sys.path[:] = self._order.search_path
        # Filters that a module sets are gone afterwards, as they are in a cold worker, where
        # pytest takes them back once it has loaded conftest files and collected.
        with warnings.catch_warnings(record=True) as recorded:
            warnings.simplefilter("always")
            gate = Gate(self._order, recorded)
            sys.meta_path.insert(0, gate)
            for name in self._order.modules:
                gate.load(name)
            sys.meta_path.remove(gate)
        sys.path[:] = search_path
        self.offenders = gate.offenders
        return 0


def preload(order: Order) -> dict[str, str]:
    """Import all modules of the order; return those that can't be shared, with reasons."""
    before = take_state()
    preloader = Preloader(order)
    _call_pytest(preloader)
    if preloader.offenders is None:
        return {"pytest": "can't be called"}
    change = find_change(before, take_state())
    return preloader.offenders or ({"pytest": change} if change else {})


def take_state() -> dict[str, object]:
    """Return what an import must leave as it was, by the words that blame it."""
    return take_quick_state() | {
        "changes the environment": os.environ.copy(),
        "changes the directory": Path.cwd(),
        "changes the umask": read_umask(),
        "changes sys.path": list(sys.path),
        "changes a signal's handler": [signal.getsignal(one) for one in SIGNALS],
        "traces": (sys.gettrace(), sys.getprofile()),
        "replaces a stream": (sys.stdin, sys.stdout, sys.stderr),
    }


def take_quick_state() -> dict[str, object]:
    """Return what can be read in microseconds, before each module."""
    return {
        "starts a thread": count_threads(),
        "opens a file": _find_free_descriptor(),
        "starts a process": _has_children(),
        "changes the environment": len(os.environ),
    }


def find_change(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """Return what differs, in words, or an empty string."""
    return ", ".join(reason for reason, value in before.items() if after[reason] != value)


def is_bare_package(origin: str) -> bool:
    """Tell whether a file makes a package and does nothing: a docstring at most.

    The project's packages above one of those that it allows are imported on the way.
    """
    if not origin.endswith(f"{os.sep}__init__.py"):
        return False
    try:
        body = ast.parse(Path(origin).read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return False
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)


def count_threads() -> int:
    """Return the number of this process's threads, of which Python may not know all."""
    # A directory's links are its subdirectories: `.`, `..` and one for each thread.
    return os.stat(THREADS).st_nlink - 2  # noqa: PTH116  called for each module


def _find_free_descriptor() -> int:
    """Return the lowest number that no open file has: it changes when one is opened and kept."""
    descriptor = os.dup(0)
    os.close(descriptor)
    return descriptor


def read_umask() -> int:
    """Return the umask; it can only be read by setting it."""
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _find_innermost() -> str:
    """Return the module whose code runs now; importlib marks those that are being imported."""
    for name, module in reversed(list(sys.modules.items())):
        if getattr(getattr(module, "__spec__", None), "_initializing", False):
            return name
    return ""


def _call_pytest(preloader: Preloader) -> None:
    """Call pytest as far as its hook for assertions, without plugins of others and settings."""
    kept = {name: os.environ.pop(name) for name in PYTEST_VARIABLES if name in os.environ}
    import pytest  # noqa: PLC0415  first here, where it is the first of all modules to come

    alone = ("--noconftest", "--disable-plugin-autoload", "-p", "no:cacheprovider", "-s")
    pytest.main(["-c", os.devnull, "--rootdir", os.sep, *alone], plugins=[preloader])
    os.environ.update(kept)
