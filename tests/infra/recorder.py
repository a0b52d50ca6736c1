"""From pytest's reports to the record of a run; the door from one to the other.

It is fed in the process that makes the report: the controller, or a run in one process.
What the record is good for is left to those who read it.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

import pytest

from .identity import MASTER
from .records import RunRecord, Span

CRASH: Final = "???"
"""What xdist writes into `when` of the report that it makes up for a crashed test."""

RERUN: Final = "rerun"
"""What pytest-rerunfailures writes into `outcome` of a failure that it tries again."""


class Recorder:
    """Turns the reports of each test into one `Span`; each attempt of a rerun test has its own.

    A run makes three calls for every test, so nothing is computed before the last report, that of
    the teardown, has closed the test.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._spans: list[Span] = []
        self._open: dict[str, list[pytest.TestReport]] = {}
        self._down: dict[str, float] = {}
        self._counted = -1
        self._is_repeated = False

    @property
    def spans(self) -> Sequence[Span]:
        """All tests that have ended so far, in the order of their ends."""
        return self._spans

    def add(self, report: pytest.TestReport) -> None:
        """Take in a report; called for each `pytest_runtest_logreport`."""
        node = getattr(report, "node", None)
        worker_id = MASTER if node is None else node.gateway.id
        # str: xdist and other plugins write values of their own.
        when: str = report.when
        outcome: str = report.outcome
        if when == "setup":
            self._open[worker_id] = [report]
        elif when == CRASH:
            self._close_crashed(worker_id, report)
        elif (reports := self._open.get(worker_id)) and has_say(report):
            reports.append(report)
            if when == "teardown":
                self._close(worker_id)
        if outcome == RERUN and worker_id in self._open:
            self._close(worker_id)

    def note_down(self, worker_id: str) -> None:
        """Note when a worker went down; called before the scheduler gives its tests to others.

        What it was running has ended by then, and nothing that waited for it has begun.
        """
        self._down[worker_id] = self._clock()

    def build_record(self, draft: RunRecord) -> RunRecord:
        """Build the record of a run that ends now; spans and end of the draft don't matter."""
        spans = place_spans(self._spans, draft.nodeids)
        return replace(draft, finished=self._clock(), spans=spans)

    def _close(self, worker_id: str) -> None:
        reports = self._open.pop(worker_id)
        first = reports[0]
        outcome = judge(reports)
        duration_s = 0.0
        for report in reports:
            if not is_subtest(report):
                duration_s += report.duration
        self._spans.append(
            Span(
                self._find_index(first, worker_id),
                first.nodeid,
                worker_id,
                first.start,
                reports[-1].stop,
                duration_s,
                outcome,
            )
        )
        self._is_repeated = outcome == RERUN

    def _find_index(self, report: pytest.TestReport, worker_id: str) -> int:
        """Return what the worker told, or, in a run in one process, how many tests came before."""
        if worker_id != MASTER:
            return int(getattr(report, "item_index", -1))
        if not self._is_repeated:
            self._counted += 1
        return self._counted

    def _close_crashed(self, worker_id: str, crash: pytest.TestReport) -> None:
        """Add the test that a worker died in; its end is known by `note_down` only."""
        reports = self._open.pop(worker_id, [])
        is_begun = bool(reports) and reports[0].nodeid == crash.nodeid
        start = reports[0].start if is_begun else self._find_last_stop(worker_id)
        stop = self._down.get(worker_id, reports[-1].stop if is_begun else start)
        outcome: str = crash.outcome
        self._spans.append(
            Span(
                index=getattr(reports[0], "item_index", -1) if is_begun else -1,
                nodeid=crash.nodeid,
                worker_id=worker_id,
                start=start or stop,
                stop=max(start, stop),
                duration_s=0.0,
                outcome=RERUN if outcome == RERUN else "crashed",
            )
        )

    def _find_last_stop(self, worker_id: str) -> float:
        """Return when a worker ended its last test, or 0 where it never ended one."""
        stops = (span.stop for span in reversed(self._spans) if span.worker_id == worker_id)
        return next(stops, 0.0)


def is_subtest(report: pytest.TestReport) -> bool:
    """Tell whether a report is of a part of a test, whose time the test's own report holds."""
    return report.__class__ is not pytest.TestReport and hasattr(report, "context")


def has_say(report: pytest.TestReport) -> bool:
    """Tell whether a test's outcome depends on a report; on that of a part only if it failed.

    pytest passes a method of `unittest` whose sub-test failed, and fails the run.
    """
    return not is_subtest(report) or report.outcome == "failed"


def judge(reports: Sequence[pytest.TestReport]) -> str:
    """Return the outcome of a test from those of its reports that have a say in it."""
    is_expected = False
    outcomes: list[str] = []
    for report in reports:
        if report.outcome != "passed":
            outcomes.append(report.outcome)
        if hasattr(report, "wasxfail"):
            is_expected = True
    if not outcomes:
        return "xpassed" if is_expected else "passed"
    if RERUN in outcomes:
        return RERUN
    if "failed" in outcomes:
        return "failed"
    return "xfailed" if is_expected else "skipped"


def place_spans(spans: Iterable[Span], nodeids: Sequence[str]) -> list[Span]:
    """Give each span its position in the collection where it is missing or can't be right.

    A crash report tells none, and counting fails where a plugin runs tests in an order of its own.
    """
    placed = list(spans)
    wrong = [number for number, span in enumerate(placed) if not _is_placed(span, nodeids)]
    if not wrong:
        return placed
    free: defaultdict[str, list[int]] = defaultdict(list)
    for index, nodeid in enumerate(nodeids):
        free[nodeid].append(index)
    first = {nodeid: indices[0] for nodeid, indices in free.items()}
    for span in placed:
        if _is_placed(span, nodeids) and span.index in free[span.nodeid]:
            free[span.nodeid].remove(span.index)
    for number in wrong:
        span = placed[number]
        left = free[span.nodeid]
        placed[number] = replace(span, index=left.pop(0) if left else first.get(span.nodeid, -1))
    return placed


def _is_placed(span: Span, nodeids: Sequence[str]) -> bool:
    return 0 <= span.index < len(nodeids) and nodeids[span.index] == span.nodeid
