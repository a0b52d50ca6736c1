"""The audit of a run: whether its own reports show that every routing was kept.

Pure: it takes the record of a run and gives what broke a rule, and what could not be judged.
What the run did with it (text, exit status) is left to `report` and `verdict`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from heapq import heappop, heappush
from itertools import pairwise
from operator import attrgetter

from .lanes import join_groups
from .records import Routing, RunRecord, Span
from .settings import EXCLUSIVE
from .timeline import is_sound, route_spans


class Rule(Enum):
    """What the scheduler promises."""

    EXCLUSIVE = "exclusive"
    """Nothing runs beside an exclusive test, on any worker."""
    LANE = "lane"
    """No more tests of a lane run at a time than its width."""
    GROUP = "group"
    """All tests of a group run on one worker, or after its crash on one other."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Two tests of which the later one broke a rule by beginning when, or where, it did."""

    rule: Rule
    earlier: Span
    later: Span
    name: str = ""
    """The lane or the group; empty for an exclusive test."""
    width: int = EXCLUSIVE
    """The lane's width."""

    @property
    def overlap_s(self) -> float:
        """How long the two ran at the same time."""
        return max(min(self.earlier.stop, self.later.stop) - self.later.start, 0.0)


@dataclass(frozen=True, slots=True)
class Audit:
    """What the audit of a run found."""

    violations: Sequence[Violation] = ()
    unjudged: Sequence[Span] = ()
    """Tests with a rule to keep whose times can't be believed, or that crashed at one unknown."""


_Routed = list[tuple[Span, Routing]]


def audit_run(run: RunRecord, *, crashed: Collection[str] = ()) -> Audit:
    """Check all rules; `crashed` names workers that died, also while they ran nothing."""
    judged: _Routed = []
    unjudged: list[Span] = []
    dead = set(crashed)
    for span, routing in _select_bound(run):
        if span.outcome == "crashed":
            # Only the time is known at which the controller noticed.
            dead.add(span.worker_id)
            unjudged.append(span)
        elif is_sound(span, run):
            judged.append((span, routing))
        else:
            unjudged.append(span)
    return Audit(find_violations(judged, run.widths, crashed=dead), unjudged)


def find_violations(
    routed: Sequence[tuple[Span, Routing]],
    widths: Mapping[str, int],
    *,
    crashed: Collection[str] = (),
) -> list[Violation]:
    """Find every test that began in breach of a rule, in the order in which they began.

    It is named once for each rule and lane, with the test that it ran beside for longest.  Tests
    that touch (one begins when the other ends) did not run beside each other.
    """
    begun = sorted(routed, key=lambda pair: (pair[0].start, pair[0].stop))
    found = [
        *_check_exclusive(begun),
        *_check_lanes(begun, widths),
        *_check_groups(begun, crashed),
    ]
    return sorted(found, key=attrgetter("later.start"))


def _select_bound(run: RunRecord) -> _Routed:
    """Return the tests that a rule speaks of: all of them where one is exclusive."""
    if not run.routings:
        return []
    has_exclusive = any(routing.is_exclusive for routing in run.routings.values())
    return [
        (span, routing)
        for span, routing in route_spans(run)
        if has_exclusive or routing.lanes or routing.groups
    ]


def _check_exclusive(begun: _Routed) -> Iterator[Violation]:
    """Compare each test with the one before it that ended last, and the last exclusive one."""
    last: Span | None = None
    last_exclusive: Span | None = None
    for span, routing in begun:
        if span.stop == span.start:
            continue
        rival = last if routing.is_exclusive else last_exclusive
        if rival is not None and rival.stop > span.start:
            yield Violation(Rule.EXCLUSIVE, rival, span)
        if last is None or span.stop > last.stop:
            last = span
        if routing.is_exclusive and (last_exclusive is None or span.stop > last_exclusive.stop):
            last_exclusive = span


def _check_lanes(begun: _Routed, widths: Mapping[str, int]) -> Iterator[Violation]:
    members: dict[str, list[Span]] = defaultdict(list)
    for span, routing in begun:
        for lane in routing.lanes:
            if span.stop > span.start:
                members[lane].append(span)
    for lane, spans in members.items():
        if width := widths.get(lane, EXCLUSIVE):
            yield from _check_lane(lane, width, spans)


def _check_lane(lane: str, width: int, spans: Sequence[Span]) -> Iterator[Violation]:
    """Sweep over the spans in order of their begin; the heap holds the ends of those running."""
    stops: list[float] = []
    last = spans[0]
    for span in spans:
        while stops and stops[0] <= span.start:
            heappop(stops)
        if len(stops) >= width:
            yield Violation(Rule.LANE, last, span, lane, width)
        heappush(stops, span.stop)
        last = span if span.stop > last.stop else last


def _check_groups(begun: _Routed, crashed: Collection[str]) -> Iterator[Violation]:
    """Follow each group from worker to worker: only a crash may move it, and it never returns."""
    groups = join_groups({i: routing.groups for i, (_, routing) in enumerate(begun)})
    stays: dict[str, list[Span]] = defaultdict(list)
    for index, group in groups.items():
        stays[group].append(begun[index][0])
    for group, spans in stays.items():
        left: set[str] = set()
        for earlier, later in pairwise(spans):
            if earlier.worker_id == later.worker_id:
                continue
            is_moved = earlier.worker_id in crashed and earlier.stop <= later.start
            if not is_moved or later.worker_id in left:
                yield Violation(Rule.GROUP, earlier, later, group)
            left.add(earlier.worker_id)
