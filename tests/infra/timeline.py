"""What a run's times say: how long it took, how long it had to take at least, and why.

Pure: it takes records and gives records.  Whether the routings were kept is left to `audit`,
the text to `report`.
"""

import operator
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from .lanes import join_groups
from .records import ANYWHERE, Routing, RunRecord, Span
from .settings import EXCLUSIVE

CLOCK_TOLERANCE_S: Final = 1.0
"""How far a test's wall-clock times may be from its duration, and from those of its run.

A test that travels in time, or a clock that is set while it runs, is further off.
"""


class Limit(Enum):
    """What a run can't be faster than, apart from its exclusive tests."""

    WORKERS = "workers"
    TEST = "test"
    LANE = "lane"
    GROUP = "group"


class Load(NamedTuple):
    """One test as a bound sees it: what it costs, and what may run beside it."""

    nodeid: str
    cost_s: float
    routing: Routing = ANYWHERE


@dataclass(frozen=True, slots=True)
class Bound:
    """The time below which no schedule of the same tests can come, and what sets it."""

    exclusive_s: float
    """Sum of the tests beside which nothing runs."""
    limited_s: float
    """The least time that the others take."""
    limit: Limit
    name: str
    """The test, lane or group that sets `limited_s`; empty where all workers are busy."""
    width: int
    """How many run at a time: the lane's width, the number of workers, or 1."""

    @property
    def total_s(self) -> float:
        """The whole bound."""
        return self.exclusive_s + self.limited_s


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the run one worker was busy with tests."""

    worker_id: str
    busy_s: float
    ratio: float
    """`busy_s` as a part of the makespan, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A run of several workers in a few numbers."""

    worker_count: int
    startup_s: float
    """Until the first test could be sent."""
    makespan_s: float
    """From there to the end of the last test."""
    bound: Bound
    shares: Sequence[Share]
    """Busiest worker first."""
    peak_rss_bytes: Mapping[str, int]
    """By worker, in the order of size; workers that told nothing are left out."""


def summarise(run: RunRecord) -> Summary | None:
    """Sum up a run; None for one in one process, and for one without a test."""
    if run.worker_count == 0 or not run.spans:
        return None
    last_stop = max((span.stop for span in run.spans if is_sound(span, run)), default=run.finished)
    makespan_s = max(last_stop - run.ready, 0.0)
    loads = [Load(span.nodeid, span.duration_s, routing) for span, routing in route_spans(run)]
    return Summary(
        worker_count=run.worker_count,
        startup_s=max(run.ready - run.started, 0.0),
        makespan_s=makespan_s,
        bound=find_bound(loads, run.widths, workers=run.worker_count),
        shares=_build_shares(run, makespan_s),
        peak_rss_bytes=_sort_memory(run),
    )


def find_bound(loads: Iterable[Load], widths: Mapping[str, int], *, workers: int | None) -> Bound:
    """Find the lower bound of a schedule; `workers` None stands for as many as one likes.

    Exclusive tests come one by one.  Beside them at least one of these goes on: a share of the
    others on each worker, the longest test, each lane through its width, each group on its worker.
    """
    exclusive_s, others = 0.0, []
    for load in loads:
        if load.routing.is_exclusive:
            exclusive_s += load.cost_s
        else:
            others.append(load)
    # Of equal ones the first counts: a lane says more than the one long test in it.
    limits = [
        *_bound_by_workers(others, workers),
        *_bound_by_lanes(others, widths),
        *_bound_by_groups(others),
        *((load.cost_s, Limit.TEST, load.nodeid, 1) for load in others),
    ]
    nothing = (0.0, Limit.WORKERS, "", workers or 1)
    limited_s, limit, name, width = max(limits, key=operator.itemgetter(0), default=nothing)
    return Bound(exclusive_s, limited_s, limit, name, width)


def route_spans(run: RunRecord) -> list[tuple[Span, Routing]]:
    """Return all spans, each with the routing of its test.

    A report that does not tell its test's position is looked up by node id.
    """
    if not run.routings:
        return [(span, ANYWHERE) for span in run.spans]
    has_unknown = any(span.index < 0 for span in run.spans)
    indices = {nodeid: i for i, nodeid in enumerate(run.nodeids)} if has_unknown else {}
    get = run.routings.get
    return [
        (span, get(span.index if span.index >= 0 else indices.get(span.nodeid, -1), ANYWHERE))
        for span in run.spans
    ]


def is_sound(span: Span, run: RunRecord) -> bool:
    """Tell whether a test's wall-clock times can be believed."""
    length_s = span.stop - span.start
    return (
        length_s >= 0
        and abs(length_s - span.duration_s) <= CLOCK_TOLERANCE_S
        and run.started - CLOCK_TOLERANCE_S <= span.start
        and span.stop <= run.finished + CLOCK_TOLERANCE_S
    )


_Limits = Iterator[tuple[float, Limit, str, int]]


def _bound_by_workers(loads: Sequence[Load], workers: int | None) -> _Limits:
    if workers is not None and loads:
        yield sum(load.cost_s for load in loads) / workers, Limit.WORKERS, "", workers


def _bound_by_lanes(loads: Sequence[Load], widths: Mapping[str, int]) -> _Limits:
    sums: dict[str, float] = defaultdict(float)
    for load in loads:
        for lane in load.routing.lanes:
            sums[lane] += load.cost_s
    for lane, cost_s in sums.items():
        if width := widths.get(lane, EXCLUSIVE):
            yield cost_s / width, Limit.LANE, lane, width


def _bound_by_groups(loads: Sequence[Load]) -> _Limits:
    groups = join_groups({i: load.routing.groups for i, load in enumerate(loads)})
    sums: dict[str, float] = defaultdict(float)
    for index, group in groups.items():
        sums[group] += loads[index].cost_s
    for group, cost_s in sums.items():
        yield cost_s, Limit.GROUP, group, 1


def _build_shares(run: RunRecord, makespan_s: float) -> list[Share]:
    busy_s = {worker.worker_id: 0.0 for worker in run.workers}
    for span in run.spans:
        busy_s[span.worker_id] = busy_s.get(span.worker_id, 0.0) + span.duration_s
    shares = [
        Share(worker_id, seconds, min(seconds / makespan_s, 1.0) if makespan_s else 0.0)
        for worker_id, seconds in busy_s.items()
    ]
    return sorted(shares, key=lambda share: (-share.busy_s, share.worker_id))


def _sort_memory(run: RunRecord) -> dict[str, int]:
    sizes = {worker.worker_id: worker.peak_rss_bytes for worker in run.workers}
    return {name: size for name, size in sorted(sizes.items(), key=lambda pair: pair[1]) if size}
