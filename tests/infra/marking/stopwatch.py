"""Times every test of a run and hears what it does outside of its process; loaded by `-p` only.

What shared fixtures cost is left out: the test that happens to be the first would pay for all.
"""

import contextlib
import functools
import json
import os
import selectors
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, SupportsIndex

import pytest

CLOCK: Final = (time.perf_counter,)
"""As it is before any test replaces it; in a tuple, for freezegun looks into every module."""

CONNECTING: Final = frozenset({"socket.bind", "socket.connect"})
STARTING: Final = frozenset({"subprocess.Popen", "os.fork", "os.posix_spawn", "os.system"})


@dataclass(slots=True)
class Lap:
    """One test, so far."""

    duration_s: float = 0.0
    waited_s: float = 0.0
    connections: int = 0
    processes: int = 0
    outcome: str = "passed"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `timing` passes."""
    group = parser.getgroup("stopwatch", "times of tests, for their categories")
    group.addoption("--stopwatch", default="", metavar="FILE", help="where to write the times")
    group.addoption(
        "--stopwatch-only", default="", metavar="FILE", help="JSON: run these tests, in this order"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to hear, where times are wanted."""
    if path := config.getoption("stopwatch"):
        only = config.getoption("stopwatch_only")
        chosen = json.loads(Path(only).read_text(encoding="utf-8")) if only else None
        config.pluginmanager.register(Stopwatch(Path(path), chosen), "infra-stopwatch")


class Stopwatch:
    """The hooks around tests."""

    def __init__(self, path: Path, chosen: Sequence[str] | None) -> None:
        self._path = path
        self._chosen = chosen
        self._laps: dict[str, Lap] = {}
        self._lap: Lap | None = None
        self._shared = 0
        self._queue = Queue()
        self._waits = Waits(self._note_wait)
        sys.addaudithook(self._hear)

    # trylast: against whatever else chooses or sorts tests; this list is what was asked for.
    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep what was chosen, in that order."""
        if self._chosen is not None:
            order = {nodeid: position for position, nodeid in enumerate(self._chosen)}
            items[:] = sorted(
                (item for item in items if item.nodeid in order),
                key=lambda item: order[item.nodeid],
            )

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Begin a lap; one that is repeated adds up to nothing but its last."""
        self._lap = self._laps[nodeid] = Lap()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        """Time the set-up."""
        return (yield from self._time())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Time the test."""
        return (yield from self._time())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Time the teardown, unless it is that of something shared, too."""
        if nextitem is None or nextitem.parent is not item.parent:
            self._lap = None
        return (yield from self._time())

    # Any: pytest's own type of the definition is private, and of any value.
    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        """Leave out what is set up for more than one test."""
        if fixturedef.scope == "function" or self._lap is None:
            return (yield)
        lap, began = self._lap, now()
        self._shared += 1
        try:
            return (yield)
        finally:
            self._shared -= 1
            if not self._shared:
                lap.duration_s -= now() - began

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what became of it."""
        if report.outcome != "passed":
            self._laps[report.nodeid].outcome = report.outcome

    def pytest_sessionfinish(self) -> None:
        """Write all times."""
        self._waits.take_back()
        self._queue.close()
        data = {nodeid: asdict(lap) for nodeid, lap in self._laps.items()}
        self._path.write_text(json.dumps(data), encoding="utf-8")

    def _time(self) -> Generator[None, object, object]:
        lap, began, worked, queued = self._lap, now(), read_cpu_s(), self._queue.read_s()
        before_s = lap.waited_s if lap else 0.0
        try:
            return (yield)
        finally:
            if lap is not None:
                # On a busy machine a test waits for its turn, which is no time of its own.
                took_s = max(0.0, now() - began - (self._queue.read_s() - queued))
                lap.duration_s += took_s
                # Threads may sleep beside a test that works: only idle time is waiting.
                idle_s = max(0.0, took_s - (read_cpu_s() - worked))
                lap.waited_s = before_s + min(lap.waited_s - before_s, idle_s)

    def _hear(self, event: str, _: object) -> None:
        if self._lap is None or self._shared:
            return
        if event in CONNECTING:
            self._lap.connections += 1
        elif event in STARTING:
            self._lap.processes += 1

    def _note_wait(self, waited_s: float) -> None:
        if self._lap is not None and not self._shared:
            self._lap.waited_s += waited_s


class Waits:
    """Hears sleeping: that of threads, and of event loops that nothing wakes before their time."""

    def __init__(self, tell: Callable[[float], None]) -> None:
        self._kind = kind = selectors.DefaultSelector
        self._select = original = kind.select
        self._sleep = time.sleep

        def select(
            selector: selectors.DefaultSelector, timeout: float | None = None
        ) -> list[tuple[selectors.SelectorKey, int]]:
            if not timeout or timeout < 0:
                return original(selector, timeout)
            began = now()
            ready = original(selector, timeout)
            if not ready:
                tell(now() - began)
            return ready

        def sleep(seconds: float | SupportsIndex, /) -> None:
            self._sleep(seconds)
            tell(float(seconds))

        kind.select = select  # type: ignore[method-assign, assignment]  # put back by `take_back`
        functools.update_wrapper(sleep, time.sleep)
        time.sleep = sleep  # an audit event of its own exists from Python 3.13 on only

    def take_back(self) -> None:
        """Put the originals back."""
        self._kind.select = self._select  # type: ignore[method-assign]  # its own
        time.sleep = self._sleep


def now() -> float:
    """Return real time, in seconds."""
    return CLOCK[0]()


class Queue:
    """How long this process was ready to run and didn't: Linux tells it.

    The file is kept open: a test may replace what opens files.
    """

    def __init__(self) -> None:
        self._file: int | None = None
        with contextlib.suppress(OSError):
            self._file = os.open("/proc/self/schedstat", os.O_RDONLY | os.O_CLOEXEC)

    def read_s(self) -> float:
        """Return the time so far; 0 where the system doesn't tell."""
        fields = os.pread(self._file, 64, 0).split() if self._file is not None else []
        return int(fields[1]) / 1e9 if len(fields) > 1 else 0.0

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def read_cpu_s() -> float:
    """Return the processor time of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
