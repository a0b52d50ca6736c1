"""What generated suites write down themselves while they run, and reading it back.

The witness is a conftest of the generated suite: each process appends the begin and the end of
its tests to a file of its own, by the machine's monotonic clock.  It knows nothing of the
infrastructure, so it can testify against it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DIRECTORY: Final = "WITNESS_DIR"
CRASH_ONCE: Final = "WITNESS_CRASH_ONCE"
"""Where a worker crashes once: `fixture` (of the session), `loop` (before all), `end` (after)."""

CONFTEST: Final = """
import os
import signal
import time

import pytest

DIRECTORY = os.environ["WITNESS_DIR"]
CRASH_ONCE = os.environ.get("WITNESS_CRASH_ONCE", "")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "master")
STATE = {"file": None, "nodeid": "-"}


def note(kind):
    if STATE["file"] is None:
        path = os.path.join(DIRECTORY, f"{WORKER}.{os.getpid()}")
        STATE["file"] = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(STATE["file"], f"{kind} {time.monotonic()!r} {STATE['nodeid']}\\n".encode())


def die(how):
    note("crash")
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(1)


def die_once(where):
    if CRASH_ONCE != where or WORKER == "master":
        return
    try:
        os.close(os.open(os.path.join(DIRECTORY, ".crashed"), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    die("exit")


# tryfirst: around all other wrappers, so that what is written down is the whole test.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    STATE["nodeid"] = item.nodeid
    note("start")
    try:
        return (yield)
    finally:
        note("stop")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop():
    die_once("loop")


@pytest.fixture(scope="session", autouse=True)
def state_of_the_session():
    die_once("fixture")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish():
    STATE["nodeid"] = "-"
    die_once("end")


@pytest.fixture
def crash():
    return die


@pytest.fixture
def crash_late():
    yield
    die("exit")
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One test as its own process saw it."""

    nodeid: str
    worker: str
    pid: int
    start: float
    stop: float
    """Seconds by the monotonic clock, which all processes of a machine share."""
    is_crashed: bool = False


@dataclass(frozen=True, slots=True)
class Testimony:
    """All that the processes of a run wrote down."""

    seen: Sequence[Seen]
    """In the order of their begin."""
    crashed_before: Sequence[str]
    """Workers that crashed before any test of theirs began."""
    crashed_after: Sequence[str]
    """Workers that crashed after all tests of theirs had ended."""
    unended: Sequence[str]
    """Tests that began, and neither ended nor crashed."""

    @property
    def makespan_s(self) -> float:
        """From the first test's begin to the last one's end."""
        return max(one.stop for one in self.seen) - min(one.start for one in self.seen)


def read_testimony(directory: Path) -> Testimony:
    """Read what the processes of a run wrote into `directory`."""
    seen: list[Seen] = []
    crashed: dict[bool, list[str]] = {False: [], True: []}
    unended: list[str] = []
    for path in sorted(directory.glob("*.*[0-9]")):
        worker, pid = path.name.rsplit(".", 1)
        begun: tuple[str, float] | None = None
        has_run = False
        for kind, moment, nodeid in _read_lines(path):
            if kind == "start":
                begun = nodeid, moment
            elif begun is None:
                crashed[has_run].append(worker)
            else:
                seen.append(Seen(nodeid, worker, int(pid), begun[1], moment, kind == "crash"))
                begun, has_run = None, True
        if begun:
            unended.append(begun[0])
    in_order = sorted(seen, key=lambda one: one.start)
    return Testimony(in_order, crashed[False], crashed[True], unended)


def find_peak(spans: Iterable[Seen]) -> Sequence[Seen]:
    """Return the most tests that ran at the same time."""
    # An end comes before a begin of the same moment.
    steps = [(moment, order, one) for one in spans for order, moment in enumerate(_ends(one))]
    peak: Sequence[Seen] = ()
    running: list[Seen] = []
    for _, order, one in sorted(steps, key=lambda step: step[:2]):
        if order == 0:
            running.remove(one)
            continue
        running.append(one)
        if len(running) > len(peak):
            peak = tuple(running)
    return peak


def _ends(one: Seen) -> tuple[float, float]:
    return one.stop, one.start


def _read_lines(path: Path) -> Iterator[tuple[str, float, str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, moment, nodeid = line.split(" ", 2)
        yield kind, float(moment), nodeid
