"""Which runs are worth making: numbers of workers, and widths of lanes; pure."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..forecast import list_counts
from ..measuring.specs import AUTO, Workers
from ..options import DEFAULT_LANES
from .scopes import ALL, Scope

NEAR: Final = 1.3
"""A neighbour of the best that is predicted to take so many times longer is not tried."""

LEAST_GAIN: Final = 0.05
"""A lane is not widened for less, of the time that the run takes."""

SAME: Final = 1.02
"""Predictions that are this near to the best one are as good."""

WAITING_FACTOR: Final = 4
"""At most so many workers for each core, however much the tests wait."""


@dataclass(frozen=True, slots=True)
class Setup:
    """One way to run: by so many workers, with other widths of lanes."""

    workers: Workers
    widths: tuple[tuple[str, int], ...] = ()
    """Pairs of a lane and its width, where it differs from what the suite has."""


Predict = Callable[[Scope, int], float]


def find_most_workers(cores: int, cpu_share: float, fitting: int) -> int:
    """Return the largest number to think of: more than there are cores only where tests wait.

    :param fitting: how many the memory has room for.
    """
    useful = cores * WAITING_FACTOR if cpu_share * WAITING_FACTOR <= 1 else int(cores / cpu_share)
    return max(1, min(max(cores, useful), fitting))


def list_workers(most: int, tests: int) -> list[int]:
    """List the numbers to predict, 0 for one process; no more workers than tests help."""
    return [0, 1, *list_counts(min(most, tests))] if tests > 1 else [0]


def choose_setups(
    totals_s: Mapping[int, float], *, scope: Scope, has_auto: bool
) -> tuple[Setup, ...]:
    """Choose the real runs: in one process, the best numbers of workers and their neighbours."""
    parallel = {workers: total_s for workers, total_s in totals_s.items() if workers > 1}
    chosen: list[Workers] = [0]
    if parallel:
        ranked = sorted(parallel)
        place = ranked.index(min(ranked, key=lambda workers: (parallel[workers], workers)))
        best_s = parallel[ranked[place]]
        near = ranked[max(0, place - 1) : place + 2]
        chosen += [workers for workers in near if parallel[workers] <= best_s * NEAR]
        chosen += [AUTO] if has_auto and scope.name == ALL else []
    return tuple(Setup(workers) for workers in chosen)


def list_widenable(scope: Scope, ini: Collection[str], allowed: Collection[str]) -> list[str]:
    """List the lanes that may be widened: named by the user, or wider than 1 by default.

    A lane of width 1 protects something that only one test may use; a width that stands in the
    ini file, or in a marker, is somebody's decision.

    :param ini: the lanes whose width the ini file gives.
    """
    defaults = {
        lane
        for lane in scope.lanes
        if lane not in ini
        and scope.widths[lane] == DEFAULT_LANES.get(lane)
        and scope.widths[lane] > 1
    }
    return sorted(scope.lanes & (defaults | set(allowed)))


def list_widths(width: int, workers: int) -> Iterator[int]:
    """List wider lanes, each twice as wide as the one before, until no worker waits for it."""
    while 0 < width < workers:
        width *= 2
        yield width


def propose_widths(
    scope: Scope, lanes: Sequence[str], workers: Sequence[int], predict: Predict
) -> Iterator[Setup]:
    """Propose for each lane the width that is predicted to gain most, the smallest of equals.

    :param workers: the numbers to think of; a lane that is wider may keep more of them busy.
    """
    now_s = min((predict(scope, count) for count in workers), default=0.0)
    for lane in lanes:
        totals_s = {
            Setup(count, ((lane, width),)): predict(scope.with_widths({lane: width}), count)
            for count in workers
            for width in list_widths(scope.widths[lane], count)
        }
        best_s = min(totals_s.values(), default=now_s)
        if best_s <= now_s * (1 - LEAST_GAIN):
            near = [setup for setup, total_s in totals_s.items() if total_s <= best_s * SAME]
            yield min(near, key=lambda setup: (setup.widths, setup.workers))
