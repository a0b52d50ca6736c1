"""How long a run would take with each count of workers: a start-up, then a makespan; pure.

Start-ups are taken from past runs, the makespan from a simulation that the caller brings.
Which count is the best is decided in `workers`.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from .estimates import compute_median
from .history import Startup
from .records import Routing

Simulate = Callable[[Sequence[float], Sequence[Routing], Mapping[str, int], int], float]
"""Costs in seconds, routings, lane widths and a count of workers to the makespan in seconds."""

GATEWAY_S: Final = 0.15
"""Starting one more interpreter: xdist starts them one after the other."""

INTERPRETER_S: Final = 0.2
"""Processor time of a worker for Python and pytest, which a run in one process has spent before."""

IMPORTS_S: Final = 0.5
"""Processor time to import and collect where no run has told its own yet."""

TEST_S: Final = 0.0003
"""pytest's own time around a test, which no duration holds."""

REPORT_S: Final = 0.0004
"""What the controller spends on the messages of one test; workers can't be faster than it."""

NEAR_COUNT: Final = 3.0
"""Runs of so many times more or fewer tests import too much or too little to tell anything."""

SLACK_SHARE: Final = 0.05
SLACK_S: Final = 0.3
"""Runs that differ by less than one of the two are as good as each other."""

AT_FLOOR: Final = 1.02
"""With a makespan this near to the floor, more workers would only take longer to start."""

PIECES: Final = 16
"""Into at least so many pieces for each worker the work is cut for a simulation."""

EXACT_COUNTS: Final = 8
"""Up to here every count is tried, above it steps of a quarter."""


@dataclass(frozen=True, slots=True)
class Work:
    """The tests of a run, as a simulation wants them."""

    costs_s: Sequence[float]
    routings: Sequence[Routing]
    widths: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Floor:
    """What bounds a makespan from below, in seconds."""

    serial_s: float
    """Exclusive tests, beside which nothing runs."""
    spread_s: float
    """All other tests together."""
    longest_s: float
    """The longest of these, or the longest lane or group of them."""
    reports_s: float
    """What the controller spends on all messages."""

    def get_makespan(self, count: float) -> float:
        """Return the makespan that so many workers can't get below."""
        return max(self.reports_s, self.serial_s + max(self.longest_s, self.spread_s / count))


@dataclass(frozen=True, slots=True)
class StartupModel:
    """Predicts how long a run takes to its first test."""

    startups: Sequence[Startup]
    cores: int
    test_count: int
    is_warm: bool = False

    def predict(self, count: int) -> float:
        """Predict the seconds from pytest's configuration until all workers have collected."""
        if count == 0:
            return self._predict_alone()
        known = self._get_near(is_parallel=True, is_warm=self.is_warm)
        # Warm workers that never ran yet are no slower than cold ones.
        known = known or self._get_near(is_parallel=True, is_warm=False)
        if known:
            return compute_median([self._scale(startup, count) for startup in known])
        return count * GATEWAY_S + self._get_cpu(is_parallel=False) * self._get_load(count)

    def _predict_alone(self) -> float:
        known = self._get_near(is_parallel=False, is_warm=False)
        if known:
            return compute_median([startup.wall_s for startup in known])
        return max(0.0, self._get_cpu(is_parallel=True) - INTERPRETER_S)

    def _scale(self, startup: Startup, count: int) -> float:
        """Take a past run's start-up for another count: more wait for processors and gateways."""
        wall_s = startup.wall_s * self._get_load(count) / self._get_load(startup.worker_count)
        more = 0 if startup.is_warm else count - startup.worker_count
        return max(wall_s + more * GATEWAY_S, wall_s / 2)

    def _get_load(self, count: int) -> float:
        return max(1.0, count / self.cores)

    def _get_cpu(self, *, is_parallel: bool) -> float:
        known = self._get_near(is_parallel=is_parallel, is_warm=False)
        told = [startup.cpu_s for startup in known if startup.cpu_s]
        return compute_median(told) if told else IMPORTS_S

    def _get_near(self, *, is_parallel: bool, is_warm: bool) -> list[Startup]:
        """Return the runs of a kind, those of about as many tests if there are any."""
        known = [
            startup
            for startup in self.startups
            if (startup.worker_count > 0, startup.is_warm) == (is_parallel, is_warm)
        ]
        bounds = (self.test_count / NEAR_COUNT, self.test_count * NEAR_COUNT)
        near = [startup for startup in known if bounds[0] <= startup.test_count <= bounds[1]]
        return near or known


def predict_totals(
    work: Work, startup: StartupModel, most: int, simulate: Simulate
) -> dict[int, float]:
    """Predict the seconds of a run for counts of workers; 0 is in one process.

    The most promising counts come first, and those that can't be among the best are left out, but
    for one to compare with.
    """
    costs_s = split_by_routing(work)
    total_s = sum(map(sum, costs_s.values()))
    floor = build_floor(costs_s, work.widths)
    floor_s = floor.get_makespan(math.inf)
    bounds = {
        count: startup.predict(count) + floor.get_makespan(count)
        for count in list_counts(min(most, len(work.costs_s)))
    }
    totals = {0: startup.predict(0) + total_s}
    enough = most
    for count in sorted(bounds, key=lambda count: (bounds[count], count)):
        if len(totals) > 1 and not is_as_good(bounds[count], min(totals.values())):
            break
        if count <= enough:
            pieces = list(bundle(costs_s, total_s / (count * PIECES)))
            pieces_s, routings = zip(*pieces, strict=True)
            makespan_s = max(floor_s, simulate(pieces_s, routings, work.widths, count))
            totals[count] = startup.predict(count) + makespan_s
            enough = count if makespan_s <= floor_s * AT_FLOOR else enough
    return totals


def is_as_good(total_s: float, best_s: float) -> bool:
    """Tell whether a run is hardly slower than the best, so that fewer workers decide."""
    return total_s <= best_s + max(best_s * SLACK_SHARE, SLACK_S)


def split_by_routing(work: Work) -> dict[Routing, list[float]]:
    """Put the costs of tests that are interchangeable together, pytest's own time included."""
    costs_s: defaultdict[Routing, list[float]] = defaultdict(list)
    for cost_s, routing in zip(work.costs_s, work.routings, strict=True):
        costs_s[routing].append(cost_s + TEST_S)
    return costs_s


def bundle(
    costs_s: Mapping[Routing, Sequence[float]], longest_s: float
) -> Iterator[tuple[float, Routing]]:
    """Join short tests of one routing to pieces of `longest_s`, which simulate much sooner."""
    for routing, values in costs_s.items():
        limit_s = math.inf if routing.is_exclusive or routing.groups else longest_s
        piece_s = 0.0
        for cost_s in values:
            if piece_s and piece_s + cost_s > limit_s:
                yield piece_s, routing
                piece_s = 0.0
            piece_s += cost_s
        yield piece_s, routing


def build_floor(costs_s: Mapping[Routing, Sequence[float]], widths: Mapping[str, int]) -> Floor:
    """Build the bounds of the makespan that no order of the tests can break."""
    chains = list_chains(costs_s, widths)
    serial_s = chains.pop("serial", 0.0)
    others = [values for routing, values in costs_s.items() if not routing.is_exclusive]
    return Floor(
        serial_s=serial_s,
        spread_s=sum(map(sum, others)),
        longest_s=max([0.0, *chains.values(), *map(max, others)]),
        reports_s=sum(map(len, costs_s.values())) * REPORT_S,
    )


def list_counts(most: int) -> Iterator[int]:
    """List the counts of workers to try: all small ones, then fewer and fewer, then the last."""
    count = 2
    while count < most:
        yield count
        count += 1 if count < EXACT_COUNTS else count // 4
    if most > 1:
        yield most


def list_chains(
    costs_s: Mapping[Routing, Sequence[float]], widths: Mapping[str, int]
) -> dict[str, float]:
    """Return how long what can't be spread takes: lanes over their widths, groups, and `serial`.

    Exclusive tests run while no other does, so they come on top of the rest.
    """
    chains: defaultdict[str, float] = defaultdict(float)
    for routing, values in costs_s.items():
        total_s = sum(values)
        if routing.is_exclusive:
            chains["serial"] += total_s
            continue
        for lane in routing.lanes:
            chains[f"lane {lane}"] += total_s / max(1, widths.get(lane, 1))
        for group in routing.groups:
            chains[f"group {group}"] += total_s
    return dict(chains)
