"""What tests touch that other workers can reach, too, as CPython's audit events tell it.

An audit hook hears every event of the process and can't be removed, so it looks at the event's
name and returns at once.  What an event touches is read in `touches`, when a test begins and ends
is told by `access_watch`, and what two workers held at once is found in `contention`.
"""

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from .records import Access, AccessKind
from .touches import READERS, Effect, Touch, find_path, is_reading, read_event

FOLLOWING: Final = frozenset({AccessKind.FILE, AccessKind.APPENDED, AccessKind.DATABASE})
"""What goes to the file that a link points to; the others are about the link itself."""

PLACELESS: Final = ("*", "@")
"""How targets begin that are no paths."""

MADE: Final = frozenset({AccessKind.DIRECTORY, AccessKind.FOUND})

IGNORED_NAMES: Final = re.compile(
    r"[/\\](?:__pycache__|\.pytest_cache|\.hypothesis)(?:[/\\]|$)"
    r"|\.pyc(?:\.\d+)?$"
    r"|[/\\]\.coverage[^/\\]*$"
)
"""Compiled modules, caches and coverage's data: many processes write them by design."""

DEVICES: Final = ("/dev/", "/proc/", "/sys/")
SHARED_MEMORY: Final = "/dev/shm/"  # noqa: S108  compared, not used

Key = tuple[str, AccessKind, str]
# Any: arguments of audit events have any types.
Hook = Callable[[str, tuple[Any, ...]], None]


@dataclass(frozen=True, slots=True)
class Ignored:
    """What doesn't count: directories, with a separator at their ends, and files."""

    prefixes: tuple[str, ...]
    files: frozenset[str] = frozenset()

    def has(self, path: str) -> bool:
        """Tell whether a path is one of those, or below one."""
        if path in self.files or f"{path}{os.sep}".startswith(self.prefixes):
            return True
        return IGNORED_NAMES.search(path) is not None


def build_ignored(directories: Iterable[str], files: Iterable[str] = ()) -> Ignored:
    """Build it from paths as they are given, and with their links followed."""
    prefixes = {f"{path}{os.sep}" for given in directories for path in _list_names(given)}
    return Ignored(
        tuple(sorted(prefixes)), frozenset(path for given in files for path in _list_names(given))
    )


def _list_names(path: str) -> tuple[str, str]:
    return os.path.abspath(path), os.path.realpath(path)  # noqa: PTH100  as text


class Page:
    """When somebody touched a target first, and the locks that were held every time."""

    __slots__ = ("locks", "start")

    def __init__(self, start: float, locks: frozenset[str]) -> None:
        self.start = start
        self.locks = locks


class Notebook:
    """Notes what the current test, or the wide fixture that is set up for it, touches."""

    def __init__(
        self,
        worker_id: str,
        ignored: Ignored,
        send: Callable[[Sequence[Access]], None],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.owner: str | None = None
        """None between tests: what happens then is nobody's."""
        self.failures = 0
        """How many events could not be read; a hook that raises would break the test."""
        self._worker_id = worker_id
        self._ignored = ignored
        self._send = send
        self._clock = clock
        self._pid = os.getpid()
        self._local = threading.local()
        self._outer: list[str | None] = []
        self._pages: dict[Key, Page] = {}
        self._open: dict[str, list[Access]] = {}
        self._ended: dict[str, float] = {}
        self._private: set[str] = set()
        self._lock_files: set[str] = set()
        self._held: dict[int, str] = {}
        self._directories: dict[str, str] = {}

    # --- whose it is -------------------------------------------------------------------------

    def begin_test(self, nodeid: str) -> None:
        """Note from now on for a test; called before anything of it is set up."""
        self.owner = nodeid
        if self._outer:
            self._outer.clear()

    def enter(self, fixture: str) -> None:
        """Note for a wide fixture, which is set up or torn down within a test."""
        self._outer.append(self.owner)
        self.owner = fixture

    def leave(self) -> None:
        """Note for the test, or the wide fixture around, again."""
        if self._outer:
            self.owner = self._outer.pop()

    def end_fixture(self, fixture: str) -> None:
        """Note when a wide fixture gave back what it held; told when the test around it ends."""
        self.leave()
        self._ended[fixture] = self._clock()

    def end_test(self, *, is_exempt: Callable[[], bool] = lambda: False) -> None:
        """Tell what a test touched, if anything, and note nothing until the next one begins.

        :param is_exempt: asked only where there is something to tell.
        """
        test, self.owner = self.owner, None
        if self._directories:
            # A link may lead elsewhere in the next test.
            self._directories.clear()
        if not self._pages and not self._ended:
            return
        stops: dict[str | None, float] = dict(self._ended.items())
        stops[test] = self._clock()
        found = list(self._take_pages())
        if found and is_exempt():
            found = []
        again = [access for fixture in self._ended for access in self._open.pop(fixture, ())]
        for access in found:
            if access.owner not in stops:
                self._open.setdefault(access.owner, []).append(access)
        self._ended.clear()
        if told := [replace(each, stop=stops.get(each.owner)) for each in (*again, *found)]:
            self._send(told)

    def _take_pages(self) -> Iterator[Access]:
        pages, self._pages = self._pages, {}
        parents = {
            (owner, os.path.dirname(target))  # noqa: PTH120  as text
            for owner, kind, target in pages
            if kind in MADE
        }
        for (owner, kind, target), page in pages.items():
            # Whoever makes a/b makes sure of a; only b is its own.
            is_parent = kind in MADE and (owner, target) in parents
            if not is_parent and target not in self._lock_files:
                locks = tuple(sorted(page.locks))
                yield Access(self._worker_id, kind, target, owner, page.start, None, locks)

    # --- what it is --------------------------------------------------------------------------

    def note(self, event: str, args: tuple[Any, ...]) -> None:
        """Note what an event touches; called in any thread, and never raises.

        What is asked here raises events of its own, so it doesn't listen to itself; and a forked
        child has a copy of everything, but nobody to tell it to.
        """
        if is_reading(event, args) or getattr(self._local, "is_busy", False):
            return
        if os.getpid() != self._pid:
            return
        self._local.is_busy = True
        try:
            for touch in read_event(event, args):
                self._add(touch)
        except Exception:  # noqa: BLE001  it would break the test that opened a file
            self.failures += 1
        finally:
            self._local.is_busy = False

    def _add(self, touch: Touch) -> None:
        kind, target = touch
        if isinstance(kind, Effect):
            self._take_effect(kind, target)
        elif kind is AccessKind.PORT or target.startswith("@"):
            self._write(kind, target)
        elif (path := self._find(target, is_following=kind in FOLLOWING)) is not None:
            if kind is AccessKind.REMOVED:
                self._private.discard(path)
            # NamedTemporaryFile opens the directory, and a file without a name in it.
            if kind not in (AccessKind.FILE, AccessKind.APPENDED) or not os.path.isdir(path):  # noqa: PTH112  as text
                self._write(kind, path)

    def _write(self, kind: AccessKind, target: str) -> None:
        owner = self.owner
        if owner is None:
            return
        locks = frozenset(path for number, path in self._held.items() if _is_open(number, path))
        page = self._pages.get((owner, kind, target))
        if page is None:
            self._pages[owner, kind, target] = Page(self._clock(), locks)
        else:
            page.locks &= locks

    def _take_effect(self, effect: Effect, target: str) -> None:
        if effect is Effect.PRIVATE:
            self._private.add(self._follow(os.path.join(os.getcwd(), target), is_last=False))  # noqa: PTH109, PTH118  as text
            return
        number = int(target)
        if effect is Effect.UNLOCKED:
            self._held.pop(number, None)
            return
        path = find_path(number)
        self._lock_files.add(path)
        if effect is Effect.LOCKED:
            self._held[number] = path

    def _find(self, target: str, *, is_following: bool) -> str | None:
        """Return the path without links, or None where it doesn't count."""
        full = target if os.path.isabs(target) else os.path.join(os.getcwd(), target)  # noqa: PTH109, PTH117, PTH118  as text
        # Below tmp_path, too, a link may lead to what is shared; a device is none.
        if full.startswith(DEVICES) and not full.startswith(SHARED_MEMORY):
            return None
        path = self._follow(full, is_last=is_following)
        if self._ignored.has(path) or self._is_private(path):
            return None
        return path

    def _follow(self, full: str, *, is_last: bool) -> str:
        head, tail = os.path.split(full.rstrip(os.sep))
        if tail in ("", os.curdir, os.pardir):
            return os.path.realpath(full)
        path = os.path.join(self._find_directory(head), tail)  # noqa: PTH118  as text
        if is_last and os.path.islink(path):  # noqa: PTH114  as text
            return os.path.realpath(path)
        return path

    def _find_directory(self, path: str) -> str:
        found = self._directories.get(path)
        if found is None:
            found = self._directories[path] = os.path.realpath(path)
        return found

    def _is_private(self, path: str) -> bool:
        """Tell whether a path is a temporary one with a random name, or below one."""
        if not self._private:
            return False
        if path in self._private:
            return True
        parent = os.path.dirname(path)  # noqa: PTH120  as text
        return parent != path and self._is_private(parent)


def install(notebook: Notebook) -> None:
    """Let a notebook hear the audit events of this process, to its end."""
    sys.addaudithook(make_hook(notebook))


def make_hook(notebook: Notebook) -> Hook:
    """Make the function that hears all events; what it does first is paid by each of them."""
    wanted = frozenset(READERS)

    # Any: as above.
    def hear(event: str, args: tuple[Any, ...]) -> None:
        if event in wanted and notebook.owner is not None:
            notebook.note(event, args)

    return hear


def _is_open(number: int, path: str) -> bool:
    """Tell whether a descriptor is still what it was: closing it gives the lock back, too."""
    try:
        return find_path(number) == path
    except OSError:
        return False
