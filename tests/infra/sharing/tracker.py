"""The tracker: what a test makes is registered, and cleaned up in the opposite order.

What outlives a process is written down before it is made, so that the run, or the next one, goes
on where a killed worker stopped.  How such a thing is removed is left to `removal`.
"""

import contextlib
import functools
import inspect
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from . import removal
from .deadlines import call_within
from .errors import TrackingError
from .journal import Entry, Journal
from .places import Json

T = TypeVar("T")

TIMEOUT_S: Final = 10.0
"""How long one thing may take to be cleaned up, where nothing else is said."""

ENDINGS: Final = ("server_close", "close", "stop", "shutdown", "terminate")
"""Methods that end a server; the first one that it has is called."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to clean up."""

    what: str
    clean: Callable[[], object]
    timeout_s: float
    number: int = 0
    """Of its entry in the journal; 0: it has none, and ends with the process."""


class ResourceCleanupTracker:
    """Cleans up what is registered, the last first, each within its deadline."""

    def __init__(
        self,
        journal: Journal,
        owner: str,
        rootpath: Path,
        find_remover: Callable[[str], str],
    ) -> None:
        """Begin with nothing.

        :param owner: the test, for what is written down.
        :param rootpath: no directory that holds it is ever removed.
        :param find_remover: returns the import path of a kind's remover.
        """
        self._journal = journal
        self._owner = owner
        self._rootpath = rootpath
        self._find_remover = find_remover
        self._items: list[Item] = []
        self._lock = threading.Lock()

    # --- what outlives the process -----------------------------------------------------------

    def file(self, path: Path | str, *, timeout_s: float = TIMEOUT_S) -> Path:
        """Remove a file, which may not be there yet; return its path."""
        found = Path(path).absolute()
        self._add_lasting(
            Entry(0, removal.FILE, str(found), self._owner),
            functools.partial(removal.remove_file, found),
            timeout_s,
        )
        return found

    def directory(self, path: Path | str, *, timeout_s: float = TIMEOUT_S) -> Path:
        """Remove a directory, which may not be there yet, with all that is in it; return its path.

        :raises TrackingError: it holds the tests, the current directory or the home.
        """
        found = Path(path).absolute()
        removal.refuse_wide_directory(found, self._rootpath)
        self._add_lasting(
            Entry(0, removal.DIRECTORY, str(found), self._owner),
            functools.partial(removal.remove_directory, found),
            timeout_s,
        )
        return found

    # Any: a process of text or of bytes.
    def process(
        self, process: "subprocess.Popen[Any] | int", *, timeout_s: float = TIMEOUT_S
    ) -> int:
        """End a process, and its group where it leads one, politely first; return its PID."""
        pid = process if isinstance(process, int) else process.pid
        started = removal.read_start(pid)
        entry = Entry(0, removal.PROCESS, str(pid), self._owner, {"started": started})

        def end() -> None:
            if isinstance(process, subprocess.Popen):
                _end_child(process)
            else:
                removal.end_process(pid, started)

        if started:
            self._add_lasting(entry, end, timeout_s)
        else:
            self._add(Item(f"process {pid}", end, timeout_s))
        return pid

    # Any: as Popen's own parameters.
    def start(
        self,
        command: Sequence[str],
        *,
        timeout_s: float = TIMEOUT_S,
        **options: Any,  # noqa: ANN401  see above
    ) -> "subprocess.Popen[Any]":
        """Start a process that is ended; return it.

        It leads a group of its own, so that its children end with it.
        """
        process = subprocess.Popen(command, start_new_session=True, **options)  # noqa: S603  a test's
        self.process(process, timeout_s=timeout_s)
        return process

    def kind(self, kind: str, name: str, *, timeout_s: float = TIMEOUT_S, **facts: Json) -> str:
        """Remove something of a kind that a plugin knows; register it before it is made.

        :raises TrackingError: no plugin has registered a remover of this kind.
        """
        where = self._find_remover(kind)
        root = removal.find_root(where)
        remover = removal.load_remover(kind, where, root)
        entry = Entry(0, kind, name, self._owner, facts, where, root)
        self._add_lasting(entry, functools.partial(remover, name, facts), timeout_s)
        return name

    # --- what ends with the process ----------------------------------------------------------

    def thread(
        self,
        thread: threading.Thread,
        stop: Callable[[], object] | threading.Event | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> threading.Thread:
        """Tell a thread to stop, by a function or an event, and wait for its end."""
        tell = stop.set if isinstance(stop, threading.Event) else stop

        def end() -> None:
            if tell is not None:
                tell()
            thread.join(timeout_s)
            if thread.is_alive():
                raise TimeoutError("it lives on")

        self._add(Item(f"thread {thread.name}", end, timeout_s + 1))
        return thread

    def server(self, server: T, *, timeout_s: float = TIMEOUT_S) -> T:
        """End a server by whichever it has: `shutdown` and `server_close`, `close`, `stop`.

        :raises TrackingError: it has none of them.
        """
        if not any(callable(getattr(server, name, None)) for name in ENDINGS):
            raise TrackingError(
                "server",
                repr(server),
                f"it has none of {', '.join(ENDINGS)}",
                "register a callback",
            )
        self._add(Item(f"server {server!r}", lambda: _end_server(server), timeout_s))
        return server

    def callback(
        self,
        function: Callable[..., object],
        *args: object,
        timeout_s: float = TIMEOUT_S,
        **kwargs: object,
    ) -> None:
        """Call a function."""
        name = getattr(function, "__qualname__", repr(function))
        call = functools.partial(function, *args, **kwargs)
        self._add(Item(f"callback {name}", lambda: _refuse_awaitable(call()), timeout_s))

    def closing(self, thing: T, *, timeout_s: float = TIMEOUT_S) -> T:
        """Close an object; return it.

        :raises TrackingError: it has no method `close`.
        """
        close = getattr(thing, "close", None)
        if not callable(close):
            raise TrackingError("object", repr(thing), "it has no close()", "register a callback")
        self._add(Item(f"object {thing!r}", lambda: _refuse_awaitable(close()), timeout_s))
        return thing

    # --- the end -----------------------------------------------------------------------------

    def close(self) -> list[str]:
        """Clean all up, the last first, whatever happens; return what could not be.

        Cleaning up may register more, which is next.
        """
        failures: list[str] = []
        interrupts: list[BaseException] = []
        while self._items:
            with self._lock:
                item = self._items.pop()
            try:
                call_within(item.clean, item.timeout_s)
            except BaseException as error:  # noqa: BLE001  the others come first; see below
                failures.append(f"{item.what} ({type(error).__name__}: {error})")
                if isinstance(error, KeyboardInterrupt | SystemExit):
                    interrupts.append(error)
            else:
                self._journal.strike(item.number)
        if interrupts:
            raise interrupts[0]
        return failures

    def _add_lasting(self, entry: Entry, clean: Callable[[], object], timeout_s: float) -> None:
        number = self._journal.add(entry)
        self._add(Item(f"{entry.kind} {entry.name}", clean, timeout_s, number))

    def _add(self, item: Item) -> None:
        if not 0 < item.timeout_s < float("inf"):
            raise TrackingError(
                item.what, "", f"{item.timeout_s!r} s is no deadline", "give more than 0 seconds"
            )
        with self._lock:
            self._items.append(item)


def _end_server(server: object) -> None:
    """End a server; one of `socketserver` has its loop ended first."""
    if callable(getattr(server, "server_close", None)):
        getattr(server, "shutdown", lambda: None)()
    for name in ENDINGS:
        if callable(method := getattr(server, name, None)):
            _refuse_awaitable(method())
            return


def _refuse_awaitable(result: object) -> None:
    """Refuse what was not done, but only described."""
    if inspect.iscoroutine(result):
        result.close()
    if inspect.isawaitable(result):
        raise TypeError("it is asynchronous; register a function that runs it to its end")


# Any: a process of text or of bytes.
def _end_child(process: "subprocess.Popen[Any]") -> None:
    """End a child, ask after its exit code, and close the pipes to it."""
    removal.end_with_signals(process.pid, lambda: process.poll() is not None)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            # What it did not read is of no use to anybody.
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def build_tracker(journal: Journal, owner: str, config: pytest.Config) -> ResourceCleanupTracker:
    """Build a tracker for one test."""
    return ResourceCleanupTracker(
        journal, owner, config.rootpath, functools.partial(removal.find_remover, config)
    )
