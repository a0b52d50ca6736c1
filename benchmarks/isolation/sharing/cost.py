"""What the watch costs: an event that it doesn't want, its hook, and a run of empty tests.

Whole runs differ by more than the watch takes, so its parts are timed by themselves: the events
that an empty test raises are counted, an event is timed with the audit hook and without, and so is
pytest's call of the one hook that every test pays for.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pluggy
import pytest
from _pytest import hookspec
from pytest_runs import OURS, QUIET_PLUGINS, ROOT, Python, UnexpectedRunError, run_pytest

from tests.infra import access_watch, accesses, ignored

LOOPS: Final = 1000
REPEATS: Final = 1500
"""So many short loops, of which the best counts: a neighbour on the same core disturbs many."""

UNWANTED: Final = "builtins.id"

COUNTER: Final = """
import collections, json, sys
import pytest

COUNTS = collections.Counter()

def pytest_collection_finish(session):
    def hear(event, args):
        COUNTS[event] += 1
    sys.addaudithook(hear)

@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    events = {event: count / len(session.items) for event, count in COUNTS.items()}
    print("")
    print("events " + json.dumps({name: each for name, each in events.items() if each >= 0.5}))
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """What one event and one call of the hook cost, in microseconds."""

    unwanted_us: float
    reading_us: float
    hook_us: float
    floor_us: float
    """What an event costs that a hook hears which does nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the watch costs."""

    parts: Parts
    events: dict[str, float]
    """Events that an empty test raises, none of which is wanted."""
    tests: int
    added_ms: Sequence[float]
    """What each run with the watch took more of the processors than the one before, without."""
    noise_ms: float

    @property
    def test_us(self) -> float:
        """What an empty test pays."""
        return self.parts.hook_us + sum(self.events.values()) * self.parts.unwanted_us

    def render(self) -> list[str]:
        """Render the figures."""
        parts = self.parts
        count = sum(self.events.values())
        named = ", ".join(f"{number:.0f} {event}" for event, number in self.events.items())
        return [
            f"**Cost: {self.test_us:.2f} µs for an empty test**, {parts.unwanted_us:.2f} µs for an "
            f"event that is not wanted ({parts.reading_us:.2f} µs for a file opened to read), "
            f"{parts.hook_us:.2f} µs for the one hook.",
            "",
            f"An empty test raises {count:.0f} events ({named}). An audit hook that does nothing "
            f"costs {parts.floor_us:.2f} µs an event, {count * parts.floor_us:.2f} µs of these. "
            f"Each figure is the best of {REPEATS} loops of {LOOPS}, less the same without.",
            *self._render_runs(),
        ]

    def _render_runs(self) -> list[str]:
        if not self.added_ms:
            return []
        added = statistics.median(self.added_ms)
        return [
            "",
            f"{self.tests} empty tests on `-n 2`, `--isolation=report` beside `off`, median of "
            f"{len(self.added_ms)} alternating rounds: {added:+.0f} ms of processor time, start-up "
            f"included, or {added / self.tests * 1000:+.1f} µs a test; two runs of the same differ "
            f"by {self.noise_ms:.0f} ms.",
        ]


def measure_cost(directory: Path, *, tests: int, rounds: int) -> Cost:
    """Measure all of it."""
    directory.mkdir()
    (directory / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    text = "".join(f"def test_{number}(): pass\n" for number in range(tests))
    (directory / "test_empty.py").write_text(text, encoding="utf-8")
    times = [measure_round(directory) for _ in range(rounds + 1 if rounds else 0)][1:]
    return Cost(
        parts=measure_parts_elsewhere(),
        events=count_events(directory),
        tests=tests,
        added_ms=[(on - off) * 1000 for off, on, _ in times],
        noise_ms=statistics.median([abs(again - off) * 1000 for off, _, again in times] or [0]),
    )


def measure_round(directory: Path) -> tuple[float, float, float]:
    """Return the processor time of runs without, with and without the watch."""
    off, on, again = (_measure_run(directory, mode) for mode in ("off", "report", "off"))
    return off, on, again


def _measure_run(directory: Path, mode: str) -> float:
    args = ["-q", *QUIET_PLUGINS, *OURS, "-n", "2", f"--isolation={mode}", "test_empty.py"]
    finished = run_pytest(Python(), args, directory)
    if finished.returncode:
        raise UnexpectedRunError(mode, finished)
    return finished.cpu_s


def count_events(directory: Path) -> dict[str, float]:
    """Count the audit events of an empty test, under a plain pytest."""
    (directory / "counter.py").write_text(COUNTER, encoding="utf-8")
    python = Python(paths=(directory,))
    finished = run_pytest(python, ["-q", "-s", "-p", "counter", "test_empty.py"], directory)
    (line,) = [one for one in finished.output.splitlines() if one.startswith("events ")]
    counts: dict[str, float] = json.loads(line.removeprefix("events "))
    return counts


def measure_parts_elsewhere() -> Parts:
    """Measure in processes of their own: an audit hook can't be removed."""
    hook_us = _measure_elsewhere("measure_hook")
    return Parts(
        *_measure_elsewhere("measure_notebook"), *hook_us, *_measure_elsewhere("measure_floor")
    )


def _measure_elsewhere(name: str) -> list[float]:
    places = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2]), str(ROOT)]
    script = (
        f"import sys; sys.path[:0] = {places!r}; from sharing import cost; print(*cost.{name}())"
    )
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True)
    return [float(figure) for figure in done.stdout.split()]


def measure_hook() -> list[float]:
    """Return what pytest's call of our hook takes."""
    bare, hooked = _find_best(_call_hook(None), _call_hook(_make_notebook()))
    return [hooked - bare]


def measure_notebook() -> list[float]:
    """Return what an unwanted event takes, and a file opened to read."""
    notebook = _make_notebook()
    return _measure_listening(lambda: accesses.install(notebook))


def measure_floor() -> list[float]:
    """Return what an event takes at least that somebody hears."""
    return _measure_listening(lambda: sys.addaudithook(lambda _event, _args: None))[:1]


def _measure_listening(install: Callable[[], object]) -> list[float]:
    events = (_raise(UNWANTED, 1), _raise("open", "/x", "r", 0))
    before = _find_best(*events)
    install()
    after = _find_best(*events)
    return [late - early for early, late in zip(before, after, strict=True)]


def _make_notebook() -> accesses.Notebook:
    ours = ignored.build_ignored([])
    notebook = accesses.Notebook("gw0", ours, lambda _: None, clock=accesses.Clock())
    notebook.test = Test("t")
    return notebook


@dataclass(frozen=True, slots=True)
class Test:
    """What the notebook asks of a test."""

    nodeid: str


class Bystander:
    """Somebody else's hook, so that pytest has something to call in any case."""

    @pytest.hookimpl
    def pytest_runtest_setup(self, item: object) -> None:
        """Do nothing."""


def _call_hook(notebook: accesses.Notebook | None) -> Callable[[], object]:
    manager = pluggy.PluginManager("pytest")
    manager.add_hookspecs(hookspec)
    manager.register(Bystander())
    if notebook is not None:
        watch = access_watch.AccessWatch.__new__(access_watch.AccessWatch)
        watch._notebook = notebook  # noqa: SLF001  without a worker around it
        manager.register(watch)
    return lambda: manager.hook.pytest_runtest_setup(item=Test("t"))


def _raise(event: str, *args: object) -> Callable[[], object]:
    return lambda: sys.audit(event, *args)


def _find_best(*calls: Callable[[], object]) -> list[float]:
    """Return the microseconds that each call takes at best, all measured in turns."""
    best = [float("inf")] * len(calls)
    for _ in range(REPEATS):
        for number, call in enumerate(calls):
            start = time.perf_counter()
            for _ in range(LOOPS):
                call()
            best[number] = min(best[number], (time.perf_counter() - start) / LOOPS * 1e6)
    return best
