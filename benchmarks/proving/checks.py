"""What a run must not have done, found from what its tests wrote down and from its JUnit file.

Nothing here asks the infrastructure: neither its own audit nor its idea of a lane is used.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

from pytest_runs import Finished
from witness import Seen, Testimony, find_peak

from proving.suites import CRASHES, Plan, PlannedTest, build_nodeids, find_homes, name_of


@dataclass(frozen=True, slots=True)
class Reported:
    """One test as the JUnit file tells it."""

    name: str
    outcome: str
    """`passed`, `failed`, `error` or `skipped`."""
    is_crash: bool
    """Whether the report says that the worker crashed in it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of a run from outside of the infrastructure."""

    plan: Plan
    finished: Finished
    testimony: Testimony
    reported: Sequence[Reported]

    def plan_of(self, nodeid: str) -> PlannedTest:
        """Return what was planned for a test that ran."""
        return next(test for test in self.plan.tests if test.name == name_of(nodeid))


def read_junit(path: Path) -> list[Reported]:
    """Read the reports of a run; none where it wrote no file."""
    if not path.exists():
        return []
    # The file was written by pytest a moment ago.
    cases = ET.parse(path).getroot().iter("testcase")  # noqa: S314  our own file
    return [_read_case(case) for case in cases]


def find_violations(evidence: Evidence) -> list[str]:
    """Return a sentence for each thing that must not have happened."""
    if evidence.finished.is_hung:
        return [f"it hung; {len(evidence.testimony.seen)} tests had run"]
    return [
        # Those that come in numbers last, so that they don't hide the others.
        *(f"left a process behind: {line}" for line in evidence.finished.leftovers),
        *find_miscounted(evidence),
        *find_wrong_outcomes(evidence),
        *find_strays(evidence),
        *find_crowded_lanes(evidence),
        *find_overlaps(evidence),
    ]


def find_overlaps(evidence: Evidence) -> Iterator[str]:
    """Find tests that ran beside an exclusive one."""
    seen = evidence.testimony.seen
    for one in seen:
        if not evidence.plan_of(one.nodeid).is_exclusive:
            continue
        for other in seen:
            if other is not one and other.start < one.stop and one.start < other.stop:
                yield f"{other.nodeid} ({other.worker}) beside exclusive {one.nodeid}"


def find_crowded_lanes(evidence: Evidence) -> Iterator[str]:
    """Find lanes in which more tests ran at a time than their width."""
    for lane, width in evidence.plan.widths.items():
        crowd = find_peak(
            one for one in evidence.testimony.seen if lane in evidence.plan_of(one.nodeid).lanes
        )
        if len(crowd) > width:
            who = ", ".join(f"{one.nodeid} ({one.worker})" for one in crowd)
            yield f"{len(crowd)} tests at a time in lane {lane} of width {width}: {who}"


def find_strays(evidence: Evidence) -> Iterator[str]:
    """Find groups, and scopes of `--dist`, that changed their worker though it had not crashed."""
    testimony = evidence.testimony
    gone_at = dict.fromkeys((*testimony.crashed_before, *testimony.crashed_after), 0.0)
    gone_at |= {one.worker: one.stop for one in testimony.seen if one.is_crashed}
    homes: dict[str, list[Seen]] = {}
    for one in testimony.seen:
        for name in find_homes(evidence.plan, one.nodeid):
            homes.setdefault(name, []).append(one)
    for name, stays in homes.items():
        for before, after in pairwise(stays):
            if before.worker != after.worker and after.start < gone_at.get(before.worker, math.inf):
                yield f"{name} went from {before.worker} to {after.worker} with {after.nodeid}"


def find_miscounted(evidence: Evidence) -> Iterator[str]:
    """Find tests that ran, or were reported, more than once, or never."""
    testimony = evidence.testimony
    ran = Counter(one.nodeid for one in testimony.seen)
    yield from (f"{nodeid} ran {times} times" for nodeid, times in ran.items() if times > 1)
    yield from (f"{nodeid} neither ended nor crashed" for nodeid in testimony.unended)
    told = Counter(one.name for one in evidence.reported)
    yield from (f"{name} was reported {times} times" for name, times in told.items() if times > 1)
    if evidence.plan.maxfail:
        return
    names = [
        last_part(one) for test in evidence.plan.tests for one in build_nodeids(evidence.plan, test)
    ]
    yield from (f"{name} was never reported" for name in names if name not in told)
    ran_names = {last_part(nodeid) for nodeid in ran}
    never = [name for name in names if name not in ran_names]
    # A worker that dies before its first test may take that one with it.
    if len(never) > len(testimony.crashed_before):
        yield f"{', '.join(never)} never ran"


def find_wrong_outcomes(evidence: Evidence) -> Iterator[str]:
    """Find tests with another outcome than planned, and a wrong exit code."""
    crashed = {last_part(one.nodeid) for one in evidence.testimony.seen if one.is_crashed}
    ran = {last_part(one.nodeid) for one in evidence.testimony.seen}
    taken_along = 0
    for one in evidence.reported:
        wanted_crash = one.name in crashed or one.name not in ran
        taken_along += one.name not in ran
        wanted = "failed" if wanted_crash else _get_outcome(evidence.plan_of(one.name))
        if one.outcome != wanted:
            yield f"{one.name} was reported as {one.outcome}, not as {wanted}"
        if wanted_crash and not one.is_crash:
            yield f"the report of {one.name} does not tell that its worker crashed"
    allowed = len(evidence.testimony.crashed_before)
    if evidence.plan.maxfail:
        # A worker that stops by itself leaves tests in its queue; the first is blamed if it dies.
        allowed += len(evidence.testimony.crashed_after)
    if taken_along > allowed:
        yield f"{taken_along} tests were reported as crashed that never began"
    failures = any(one.outcome in ("failed", "error") for one in evidence.reported)
    # A run that a failure ended early is called interrupted by xdist.
    wanted_codes = ((1, 2) if evidence.plan.maxfail else (1,)) if failures else (0,)
    if evidence.finished.returncode not in wanted_codes:
        yield f"exit code {evidence.finished.returncode}, not {wanted_codes}"


def last_part(nodeid: str) -> str:
    """Return what the JUnit file calls a test's name."""
    return nodeid.rsplit("::", 1)[-1]


def measure_crowds(evidence: Evidence) -> Mapping[str, int]:
    """Return the peak of each lane, and of all tests under the empty name."""
    seen = evidence.testimony.seen
    lanes = {
        lane: len(find_peak(one for one in seen if lane in evidence.plan_of(one.nodeid).lanes))
        for lane in evidence.plan.widths
    }
    return {"": len(find_peak(seen)), **lanes}


def _get_outcome(test: PlannedTest) -> str:
    if test.kind in CRASHES:
        return "failed"
    return {"fails": "failed", "skips": "skipped"}.get(test.kind, "passed")


def _read_case(case: ET.Element) -> Reported:
    name = str(case.get("name"))
    for child in case:
        if child.tag in ("failure", "error", "skipped"):
            is_crash = "crashed while running" in f"{child.get('message', '')} {child.text or ''}"
            # pytest files a crash under errors, because it belongs to no phase of the test.
            is_failure = is_crash or child.tag == "failure"
            return Reported(name, "failed" if is_failure else child.tag, is_crash)
    return Reported(name, "passed", is_crash=False)
