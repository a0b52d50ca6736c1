"""Sees the check of the proof find what it is there for.

Stock xdist knows no lanes, so a run with it must be found wrong; and evidence of a good run that
is changed by hand must be found wrong for each change.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pytest_runs import Python
from witness import Seen

from proving.checks import Evidence, find_violations
from proving.runs import STOCK, run_plan
from proving.suites import build_plan

SEEDS: Final = range(1000, 1040, 2)
WANTED: Final = 4
"""How many runs with stock xdist are checked; runs with one worker can show nothing."""


def find_blind_spots(python: Python) -> int:
    """Print what the check finds in each case; return 1 if it finds nothing in one."""
    blind = 0
    for name, violations in [*try_stock(python), *try_changes(python)]:
        blind += not violations
        print(f"{'found' if violations else 'NOT FOUND'}: {name}: {'; '.join(violations[:2])}")
    return int(blind > 0)


def try_stock(python: Python) -> Iterator[tuple[str, list[str]]]:
    """Run suites with stock xdist; each must be found to break a lane or an exclusive test."""
    plans = [build_plan(seed, has_crashes=False) for seed in SEEDS]
    for plan in [plan for plan in plans if plan.workers > 3][:WANTED]:
        evidence = run_plan(python, replace(plan, dist="load", maxfail=0), plugin=STOCK)
        found = find_violations(evidence)
        name = f"seed {plan.seed}, {plan.workers} workers, stock xdist ({len(found)} violations)"
        yield name, [line for line in found if "beside exclusive" in line or "in lane" in line]


def try_changes(python: Python) -> Iterator[tuple[str, list[str]]]:
    """Change the evidence of a run without workers' mistakes, one thing at a time."""
    plan = replace(build_plan(SEEDS[0], has_crashes=False), workers=1, dist="load", maxfail=0)
    good = run_plan(python, plan, plugin=STOCK)
    if violations := find_violations(good):
        raise AssertionError(violations)
    for name, change in CHANGES.items():
        yield name, find_violations(change(good))


def _with_seen(evidence: Evidence, seen: Sequence[Seen]) -> Evidence:
    return replace(evidence, testimony=replace(evidence.testimony, seen=seen))


def _run_twice(evidence: Evidence) -> Evidence:
    return _with_seen(evidence, [*evidence.testimony.seen, evidence.testimony.seen[0]])


def _never_run(evidence: Evidence) -> Evidence:
    return _with_seen(evidence, evidence.testimony.seen[1:])


def _stretch_exclusive(evidence: Evidence) -> Evidence:
    seen = list(evidence.testimony.seen)
    number = next(
        number for number, one in enumerate(seen[:-1]) if evidence.plan_of(one.nodeid).is_exclusive
    )
    seen[number] = replace(seen[number], stop=seen[number + 1].start + 1e-6)
    return _with_seen(evidence, seen)


def _crowd_lane(evidence: Evidence) -> Evidence:
    seen = [
        replace(one, start=0.0, stop=1.0)
        if evidence.plan_of(one.nodeid).lanes and not evidence.plan_of(one.nodeid).is_exclusive
        else one
        for one in evidence.testimony.seen
    ]
    return _with_seen(evidence, seen)


def _move_group(evidence: Evidence) -> Evidence:
    seen = list(evidence.testimony.seen)
    grouped = [n for n, one in enumerate(seen) if evidence.plan_of(one.nodeid).groups]
    seen[grouped[-1]] = replace(seen[grouped[-1]], worker="gw9")
    return _with_seen(evidence, seen)


def _report_twice(evidence: Evidence) -> Evidence:
    return replace(evidence, reported=[*evidence.reported, evidence.reported[0]])


def _report_never(evidence: Evidence) -> Evidence:
    return replace(evidence, reported=evidence.reported[1:])


def _report_wrongly(evidence: Evidence) -> Evidence:
    number = next(n for n, one in enumerate(evidence.reported) if one.outcome == "passed")
    reported = list(evidence.reported)
    reported[number] = replace(reported[number], outcome="failed")
    return replace(evidence, reported=reported)


def _crash_unnamed(evidence: Evidence) -> Evidence:
    first = evidence.testimony.seen[0]
    return _with_seen(evidence, [replace(first, is_crashed=True), *evidence.testimony.seen[1:]])


def _exit_otherwise(evidence: Evidence) -> Evidence:
    return replace(evidence, finished=replace(evidence.finished, returncode=3))


CHANGES: Final[Mapping[str, Callable[[Evidence], Evidence]]] = {
    "a test ran twice": _run_twice,
    "a test was reported and never ran": _never_run,
    "an exclusive test lasted into the next": _stretch_exclusive,
    "all tests in lanes at once": _crowd_lane,
    "a group changed its worker": _move_group,
    "a test was reported twice": _report_twice,
    "a test was not reported": _report_never,
    "a passed test was reported as failed": _report_wrongly,
    "a crash was reported as a pass": _crash_unnamed,
    "another exit code": _exit_otherwise,
    "it hung": lambda good: replace(good, finished=replace(good.finished, is_hung=True)),
    "a process was left": lambda good: replace(
        good, finished=replace(good.finished, leftovers=["4711: python"])
    ),
}
