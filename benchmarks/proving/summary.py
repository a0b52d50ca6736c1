"""The verdict on each run, and the report on all of them; never prints."""

import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_runs import Python

from proving.checks import Evidence, measure_crowds
from proving.suites import CRASHES

SHOWN: int = 12
VERSIONS = (
    "import platform; from importlib.metadata import version as v; "
    'print(f\'Python {platform.python_version()}, pytest {v("pytest")}, '
    'pytest-xdist {v("pytest-xdist")}\')'
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A run, and what was wrong with it."""

    evidence: Evidence
    violations: Sequence[str]

    def render(self) -> str:
        """Render what is wrong, and how to repeat it."""
        plan = self.evidence.plan
        shown = [f"  {line}" for line in self.violations[:SHOWN]]
        more = len(self.violations) - SHOWN
        return "\n".join(
            [
                f"seed {plan.seed} ({' '.join(plan.arguments)}): {len(self.violations)} violations",
                *shown,
                *([f"  and {more} more"] if more > 0 else []),
                f"  again: python benchmarks/lanes_proof.py --seed {plan.seed}",
            ]
        )


def render_report(python: Python, verdicts: Sequence[Verdict], options: str = "") -> str:
    """Render the whole report."""
    evidences = [verdict.evidence for verdict in verdicts]
    bad = [verdict for verdict in verdicts if verdict.violations]
    seeds = [evidence.plan.seed for evidence in evidences]
    lines = [
        "# The randomised proof of the lanes",
        "",
        f"{len(verdicts)} runs (seeds {min(seeds)} to {max(seeds)}), {_read_versions(python)}. "
        f"Again: `uv run python benchmarks/lanes_proof.py{options} --write`.",
        "",
        "Each run is a suite from a seed; what its tests wrote down themselves, by the machine's "
        "monotonic clock, is compared with what was planned.",
        "",
        f"**{len(bad)} runs with violations.**",
        "",
        "| of the runs | number |",
        "|---|---|",
        *(f"| {name} | {number} |" for name, number in _count(evidences).items()),
        "",
        *_render_tables(evidences),
    ]
    lines += [f"```\n{verdict.render()}\n```\n" for verdict in bad]
    return "\n".join(lines).rstrip() + "\n"


def _count(evidences: Sequence[Evidence]) -> dict[str, int]:
    seen = [one for evidence in evidences for one in evidence.testimony.seen]
    exclusive = sum(
        evidence.plan_of(one.nodeid).is_exclusive
        for evidence in evidences
        for one in evidence.testimony.seen
    )
    crashes_of = Counter(
        "exclusive" if test.is_exclusive else "lane" if test.lanes else "free"
        for evidence in evidences
        for test in evidence.plan.tests
        if test.kind in CRASHES
    )
    crowds = [measure_crowds(evidence) for evidence in evidences]
    full = sum(
        crowd[lane] == width
        for evidence, crowd in zip(evidences, crowds, strict=True)
        for lane, width in evidence.plan.widths.items()
        if width > 1
    )
    return {
        "tests that ran": len(seen),
        "exclusive ones among them": exclusive,
        "workers that crashed in a test": sum(one.is_crashed for one in seen),
        "workers that crashed outside of one": sum(
            len(one.testimony.crashed_before) + len(one.testimony.crashed_after)
            for one in evidences
        ),
        "tests planned to crash: exclusive": crashes_of["exclusive"],
        "tests planned to crash: in a lane": crashes_of["lane"],
        "tests planned to crash: free": crashes_of["free"],
        "most tests at a time": max(crowd[""] for crowd in crowds),
        "lanes of width 2 or 3 seen full": full,
        "runs that hung": sum(evidence.finished.is_hung for evidence in evidences),
        "processes left behind": sum(len(one.finished.leftovers) for one in evidences),
    }


def _render_tables(evidences: Sequence[Evidence]) -> list[str]:
    plans = [evidence.plan for evidence in evidences]
    workers = Counter(plan.workers for plan in plans)
    dists = Counter(plan.dist for plan in plans)
    return [
        "Runs by number of workers: "
        + ", ".join(f"{number}: {runs}" for number, runs in sorted(workers.items()))
        + ".",
        "By `--dist`: "
        + ", ".join(f"{name}: {runs}" for name, runs in sorted(dists.items()))
        + ".",
        f"With `--count=2`: {sum(plan.count > 1 for plan in plans)}; "
        f"with a history: {sum(plan.has_history for plan in plans)}; "
        f"with crashes: {sum(plan.has_crashes for plan in plans)}; "
        f"with `--maxfail`: {sum(bool(plan.maxfail) for plan in plans)}.",
        "",
    ]


def _read_versions(python: Python) -> str:
    command = [python.executable, "-c", VERSIONS]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
