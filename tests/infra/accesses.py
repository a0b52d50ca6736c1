"""What tests touch that other workers can reach, too, as CPython's audit events tell it.

An audit hook hears every event of the process and can't be removed, so it looks at the event's
name and returns at once.  What an event touches is read in `touches`, when a test begins and ends
is told by `access_watch`, and what two workers held at once is found in `contention`.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from .access_records import Access, AccessKind
from .ignored import Ignored, is_device
from .touches import READERS, Effect, Touch, find_path, is_reading, read_event

FOLLOWING: Final = frozenset({AccessKind.FILE, AccessKind.APPENDED, AccessKind.DATABASE})
"""What goes to the file that a link points to; the others are about the link itself."""

MADE: Final = frozenset({AccessKind.DIRECTORY, AccessKind.FOUND})

TRUSTED_S: Final = 1.0
"""How far the wall clock may have drifted, or been set, since the process began."""

Owner = tuple[str, str]
"""A wide fixture and the test that it was set up for; an empty string and the test itself."""

Key = tuple[Owner, AccessKind, str]
"""Who touched what, and what it is."""

# Any: arguments of audit events have any types.
Hook = Callable[[str, tuple[Any, ...]], None]


class Test(Protocol):
    """What is asked of a test, and only where it touched something."""

    @property
    def nodeid(self) -> str:
        """Its name."""


class Clock:
    """The time since the epoch, also within a test that sets the clock to another one.

    What fakes the time of day leaves the performance counter alone, or the references to it that
    were taken before.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        counter: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._wall = wall
        self._counter = counter
        self._offset = wall() - counter()

    def __call__(self) -> float:
        """Return what the wall clock says, unless the counter says that it can't be."""
        now, expected = self._wall(), self._counter() + self._offset
        return now if abs(now - expected) < TRUSTED_S else expected


class Page:
    """When somebody touched a target first, and the locks that were held every time."""

    __slots__ = ("locks", "start")

    def __init__(self, start: float, locks: frozenset[str]) -> None:
        self.start = start
        self.locks = locks


class Notebook:
    """Notes what the current test, or a wide fixture that is set up for it, touches."""

    def __init__(
        self,
        worker_id: str,
        ignored: Ignored,
        send: Callable[[Sequence[Access]], None],
        *,
        clock: Callable[[], float],
    ) -> None:
        self.test: Test | None = None
        """Set when one begins; None before the first and after the last."""
        self.has_news = False
        """Whether `tell` has anything to do; asked before each test."""
        self.failures = 0
        """How many events could not be read; a hook that raises would break the test."""
        self._worker_id = worker_id
        self._ignored = ignored
        self._send = send
        self._clock = clock
        self._pid = os.getpid()
        self._local = threading.local()
        self._fixtures: list[Owner] = []
        self._pages: dict[Key, Page] = {}
        self._open: dict[Owner, list[Access]] = {}
        self._ended: dict[Owner, float] = {}
        self._private: set[str] = set()
        self._lock_files: set[str] = set()
        self._held: dict[int, str] = {}
        self._directories: dict[str, str] = {}

    # --- whose it is -------------------------------------------------------------------------

    @property
    def nodeid(self) -> str:
        """The test that runs now."""
        return self.test.nodeid if self.test is not None else ""

    def enter(self, fixture: Owner) -> None:
        """Note for a wide fixture, which is set up or torn down within a test."""
        self._fixtures.append(fixture)

    def leave(self) -> None:
        """Note for the test, or the wide fixture around, again."""
        if self._fixtures:
            self._fixtures.pop()

    def end_fixture(self, fixture: Owner) -> None:
        """Note when a wide fixture gave back what it held; its teardown is over."""
        self.leave()
        self._ended[fixture] = self._clock()
        self.has_news = True

    def tell(self, *, is_exempt: bool = False) -> None:
        """Tell what the test that has ended touched, unless it is exempt, and begin anew.

        A test's accesses have no end: the reader knows from its reports when it was over.  What a
        wide fixture touched is told at once, and again once the fixture has ended.
        """
        pages, ended = self._pages, self._ended
        self._pages, self._ended, self.has_news = {}, {}, False
        self._fixtures.clear()
        # A link may lead elsewhere in the next test.
        self._directories.clear()
        found = [] if is_exempt else list(self._read_pages(pages))
        for access in found:
            if access.fixture:
                self._open.setdefault((access.fixture, access.nodeid), []).append(access)
        again = [
            replace(access, stop=stop)
            for fixture, stop in ended.items()
            for access in self._open.pop(fixture, ())
        ]
        if told := [*found, *again]:
            self._send(told)

    def _read_pages(self, pages: Mapping[Key, Page]) -> Iterator[Access]:
        parents = {os.path.dirname(target) for _, kind, target in pages if kind in MADE}  # noqa: PTH120  as text
        for ((fixture, test), kind, target), page in pages.items():
            # Whoever makes a/b makes sure of a; only b is its own.
            is_parent = kind in MADE and target in parents
            if not is_parent and target not in self._lock_files:
                locks = tuple(sorted(page.locks))
                yield Access(self._worker_id, kind, target, test, fixture, page.start, None, locks)

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
        owner = self._fixtures[-1] if self._fixtures else ("", self.nodeid)
        locks = frozenset(path for number, path in self._held.items() if _is_open(number, path))
        page = self._pages.get((owner, kind, target))
        if page is None:
            self._pages[owner, kind, target] = Page(self._clock(), locks)
            self.has_news = True
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
        if is_device(full):
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
            self.has_news = True
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
        if event in wanted and notebook.test is not None:
            notebook.note(event, args)

    return hear


def _is_open(number: int, path: str) -> bool:
    """Tell whether a descriptor is still what it was: closing it gives the lock back, too."""
    try:
        return find_path(number) == path
    except OSError:
        return False
