"""Failures that runs have recorded: the worker's list up to the test, and what ran beside it.

A failure on a worker is tried again in one process, after what ran before it there; and beside
each test that another worker was running meanwhile.  Which schedules there are is known to `shelf`.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import RecordError
from ..schedules import BAD, Schedule, WorkerSchedule
from ..schedules import Step as Ran
from ..shelf import has_failures, list_paths, read_schedule
from .conditions import Conditions
from .survey import Step, build_meetings
from .trials import Cast, Request

MOST_RUNS: Final = 5
MOST_FAILURES: Final = 12
MOST_NEIGHBOURS: Final = 6
"""How many recorded runs are read, how many failures tried, and how many neighbours of each."""

TIMES: Final = 3
"""How often a failing test meets each of its neighbours."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One failure of a recorded run, by positions in today's collection."""

    test: int
    prefix: tuple[int, ...]
    neighbours: tuple[int, ...]


def read_failures(shelf: Path | None, nodeids: Sequence[str]) -> list[Recorded]:
    """Read what failed in the last runs that are on record, the newest first; each test once."""
    places = {nodeid: place for place, nodeid in enumerate(nodeids)}
    found: dict[int, Recorded] = {}
    for schedule in _read_schedules(shelf):
        for one in find_failures(schedule, places):
            found.setdefault(one.test, one)
    return list(found.values())[:MOST_FAILURES]


def find_failures(schedule: Schedule, places: Mapping[str, int]) -> Iterator[Recorded]:
    """Yield the failures of one run; tests that are gone are left out."""
    for worker in schedule.workers:
        for number, step in enumerate(worker.steps):
            if step.outcome in BAD and step.nodeid in places:
                before = [one.nodeid for one in worker.steps[:number]]
                yield Recorded(
                    places[step.nodeid],
                    tuple(places[nodeid] for nodeid in before if nodeid in places),
                    tuple(_find_neighbours(schedule, worker, step, places)),
                )


def build_steps(failures: Sequence[Recorded], seed: int) -> list[Step]:
    """Build the runs that try recorded failures again."""
    orders = tuple(
        Cast((*one.prefix, one.test), Conditions(seed=seed + number), is_watched=True)
        for number, one in enumerate(failures)
    )
    pairs = [(one.test, other) for one in failures for other in one.neighbours]
    steps = [Step("recorded order", Request(orders, at_once=2))] if orders else []
    return steps + [
        Step("recorded neighbours", request) for request in build_meetings(pairs * TIMES, seed)
    ]


def _find_neighbours(
    schedule: Schedule, worker: WorkerSchedule, step: Ran, places: Mapping[str, int]
) -> list[int]:
    """Find what other workers were running while a test ran, the longest beside it first."""
    beside: dict[int, float] = {}
    for other in schedule.workers:
        for one in other.steps:
            together_s = min(one.stop_s, step.stop_s) - max(one.start_s, step.start_s)
            if other is not worker and together_s > 0 and one.nodeid in places:
                place = places[one.nodeid]
                beside[place] = max(beside.get(place, 0.0), together_s)
    return sorted(beside, key=lambda place: -beside[place])[:MOST_NEIGHBOURS]


def _read_schedules(shelf: Path | None) -> Iterator[Schedule]:
    paths = list_paths(shelf) if shelf is not None and shelf.is_dir() else []
    for path in [one for one in paths if has_failures(one)][:MOST_RUNS]:
        with contextlib.suppress(RecordError):
            yield read_schedule(path)
