"""What past runs took: durations, outcomes, lanes and start-up times of tests and runs; pure.

A `History` is built from an earlier one and the record of a run; one that was never written is
its own twin for tests.  Reading and writing are left to `archive`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, NamedTuple

from .estimates import Estimate, build_estimates, compute_median, strip_repeat
from .records import Routing, RunRecord, Span

KEPT_DURATIONS: Final = 5
KEPT_STARTUPS: Final = 5
"""Of each kind: in one process, with workers, with workers forked warm."""

KEPT_DAYS: Final = 60
"""A test that was not collected for longer is forgotten."""

PASSING: Final = frozenset({"passed", "xfailed", "xpassed"})
FAILING: Final = frozenset({"failed", "crashed"})
TEACHING: Final = PASSING | {"failed"}
"""Outcomes whose durations are those of the whole test."""

PLAIN: Final = Routing()


# A named tuple, because a frozen dataclass takes six times as long to build, 30,000 times a run.
class Past(NamedTuple):
    """What past runs told of one test."""

    durations_us: tuple[int, ...] = ()
    """The last ones in microseconds, the newest at the end; crashes and skips are left out."""
    is_failed: bool = False
    """It failed when it last ran to a verdict: a skip changes nothing."""
    skipped_us: int | None = None
    """What its last run took if that was a skip, in microseconds."""
    day: int = 0
    """When it was last collected: `date.toordinal()`."""
    routing: Routing = PLAIN
    markers: tuple[str, ...] | None = None
    """Names of its markers; None where they were never told."""

    @property
    def cost_s(self) -> float | None:
        """What it is expected to take: a skipped test is skipped again; None: never measured."""
        if self.skipped_us is not None:
            return self.skipped_us / 1e6
        return self.median_s

    @property
    def median_s(self) -> float | None:
        """The median of what it took when it was not skipped; None: never measured."""
        return compute_median(self.durations_us) / 1e6 if self.durations_us else None


UNSEEN: Final = Past()


@dataclass(frozen=True, slots=True)
class Startup:
    """What it took until the first test of a run could begin."""

    worker_count: int
    """0 for a run in one process."""
    is_warm: bool
    """Whether workers were forked from a process that had imported already."""
    test_count: int
    wall_s: float
    """From pytest's configuration to the end of the last collection."""
    cpu_s: float
    """Processor time of one process to the end of its collection; 0 where none told."""
    peak_rss_bytes: int
    """Of the largest process; 0 where none told."""


@dataclass(frozen=True, slots=True)
class History:
    """All that is known of past runs."""

    tests: Mapping[str, Past] = field(default_factory=dict)
    startups: tuple[Startup, ...] = ()
    """The last ones of each kind, oldest first."""
    widths: Mapping[str, int] = field(default_factory=dict)
    """Lane to width, as the last run had them."""
    foreign: Mapping[str, float] = field(default_factory=dict)
    """The file of durations; it counts for tests that `tests` has no duration of."""
    problem: str | None = None
    """One sentence: what is wrong with a file, and the way out."""

    def get_estimates(self, nodeids: Iterable[str]) -> list[Estimate]:
        """Return what each test is expected to take; in linear time."""
        return build_estimates(nodeids, self.get_costs())

    def get_costs(self) -> dict[str, float]:
        """Return what each test with a past of its own is expected to take, in seconds."""
        costs = dict(self.foreign)
        for nodeid, past in self.tests.items():
            if (cost_s := past.cost_s) is not None:
                costs[nodeid] = cost_s
        return costs

    def get_medians(self) -> dict[str, float]:
        """Return what each test took when it was not skipped, in seconds."""
        return {
            nodeid: median_s
            for nodeid, past in self.tests.items()
            if (median_s := past.median_s) is not None
        }

    def get_failed(self) -> frozenset[str]:
        """Return the tests that failed when they last ran to a verdict."""
        return frozenset(nodeid for nodeid, past in self.tests.items() if past.is_failed)

    def has_failed(self, nodeid: str) -> bool:
        """Tell whether a test failed last time; for a repeat of `--count`, whether any did."""
        past = self.tests.get(nodeid) or self.tests.get(strip_repeat(nodeid))
        return past is not None and past.is_failed

    def get_markers(self) -> dict[str, tuple[str, ...] | None]:
        """Return all known tests and the names of their markers; None: they were never told."""
        known: dict[str, tuple[str, ...] | None] = dict.fromkeys(self.foreign)
        known.update((nodeid, past.markers) for nodeid, past in self.tests.items())
        return known

    def merge(
        self,
        run: RunRecord,
        *,
        markers: Mapping[int, tuple[str, ...]] | None,
        is_warm: bool,
        today: date,
        count: int = 1,
    ) -> "History":
        """Build the history that knows this run, too; what it didn't collect stays as it is.

        :param markers: position in the collection to names, tests without any left out; None
            where nobody told them.
        :param count: the run's `--count`: all repeats of one test teach that one test.
        """
        spans = _group_spans(run.spans, count)
        tests = dict(self.tests)
        day = today.toordinal()
        for nodeid, index in _index_tests(run.nodeids, count).items():
            past = tests.get(nodeid, UNSEEN)
            told = past.markers if markers is None else markers.get(index, ())
            lesson = learn(past, spans[nodeid]) if nodeid in spans else past[:3]
            tests[nodeid] = Past(*lesson, day, run.routings.get(index, PLAIN), told)
        dropped = {name for name, past in tests.items() if past.day < day - KEPT_DAYS}
        return replace(
            self,
            tests={name: tests[name] for name in tests if name not in dropped},
            startups=_keep_last((*self.startups, *_build_startups(run, is_warm=is_warm))),
            widths={**self.widths, **run.widths},
            foreign={name: cost for name, cost in self.foreign.items() if name not in dropped},
        )


Lesson = tuple[tuple[int, ...], bool, int | None]
"""The first three values of `Past`."""


def learn(past: Past, spans: Sequence[Span]) -> Lesson:
    """Build what is known of a test after it ran.

    One run is one lesson, however often it repeated the test.  A crash and a rerun teach no
    duration.  A skip is told apart, because a test that runs again takes what it took before.
    """
    outcomes = {span.outcome for span in spans}
    if outcomes <= PASSING:
        return _add_duration(past, spans), False, None
    has_failed = bool(outcomes & FAILING)
    if has_failed or outcomes & PASSING:
        return _add_duration(past, spans), has_failed, None
    return past.durations_us, past.is_failed, _find_skip(spans)


def _add_duration(past: Past, spans: Sequence[Span]) -> tuple[int, ...]:
    # Clocks that a test froze may go backwards.
    taught = [span.duration_s for span in spans if span.outcome in TEACHING and span.duration_s > 0]
    if not taught:
        return past.durations_us
    lesson_s = taught[0] if len(taught) == 1 else compute_median(taught)
    return (*past.durations_us, round(lesson_s * 1e6))[-KEPT_DURATIONS:]


def _find_skip(spans: Sequence[Span]) -> int | None:
    skips = [span.duration_s for span in spans if span.outcome == "skipped"]
    return round(max(0.0, compute_median(skips)) * 1e6) if skips else None


def _index_tests(nodeids: Sequence[str], count: int) -> dict[str, int]:
    """Map each test, repeats of one taken together, to one of its positions."""
    if count > 1:
        nodeids = [strip_repeat(nodeid, count) for nodeid in nodeids]
    return dict(zip(nodeids, range(len(nodeids)), strict=True))


def _group_spans(spans: Iterable[Span], count: int) -> dict[str, list[Span]]:
    groups: dict[str, list[Span]] = {}
    for span in spans:
        nodeid = strip_repeat(span.nodeid, count) if count > 1 else span.nodeid
        groups.setdefault(nodeid, []).append(span)
    return groups


def _build_startups(run: RunRecord, *, is_warm: bool) -> Iterator[Startup]:
    """Build the run's own, unless it ended before all workers had collected."""
    if not run.nodeids or run.ready <= run.started:
        return
    told = [worker.startup_cpu_s for worker in run.workers]
    yield Startup(
        worker_count=run.worker_count,
        is_warm=is_warm,
        test_count=len(run.nodeids),
        wall_s=round(run.ready - run.started, 3),
        cpu_s=round(compute_median(told), 3) if told else 0.0,
        peak_rss_bytes=max((worker.peak_rss_bytes for worker in run.workers), default=0),
    )


def _keep_last(startups: Sequence[Startup]) -> tuple[Startup, ...]:
    kinds: dict[tuple[bool, bool], list[Startup]] = {}
    for startup in startups:
        kinds.setdefault((startup.worker_count > 0, startup.is_warm), []).append(startup)
    return tuple(startup for kind in kinds.values() for startup in kind[-KEPT_STARTUPS:])
