"""What distributing well gains: the makespan of a skewed suite against its lower bound.

The tests sleep, so that it is the schedule that counts and not the machine's cores.
"""

import random
import statistics
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_runs import Python, UnexpectedRunError, run_pytest
from witness import CONFTEST, DIRECTORY, Seen, read_testimony

from scheduling.contenders import (
    FORGETFUL,
    LOAD,
    LOADGROUP,
    WHOLE,
    WORKSTEAL,
    Contender,
    Section,
)

CONTENDERS: Final = (WHOLE, FORGETFUL, LOAD, WORKSTEAL, LOADGROUP)
BARS: Final = {WHOLE: 1.05, FORGETFUL: 1.25}
WORKERS: Final = 4
TESTS: Final = 400
FILES: Final = 20
MEDIAN_S: Final = 0.020
LONG_S: Final = 40 * MEDIAN_S
LONG_TESTS: Final = TESTS * 5 // 100
EXCLUSIVE_TESTS: Final = 5
WIDTHS: Final[Mapping[str, int]] = {"one": 1, "two": 2}
INI: Final = """[pytest]
markers =
    serial: nothing runs beside it
    lane(name, width=1): a lane
"""


@dataclass(frozen=True, slots=True)
class Sleeper:
    """A test that sleeps."""

    name: str
    sleep_s: float
    lane: str
    """`one`, `two`, `exclusive` or empty."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run of the suite."""

    makespan_s: float
    bound_s: float
    """The lower bound for the tests as long as they were in this run."""
    overlaps: int
    """Tests that began beside what they must not run beside."""

    @property
    def ratio(self) -> float:
        """How many times the lower bound the run took."""
        return self.makespan_s / self.bound_s


def measure(python: Python, rounds: int) -> Section:
    """Measure all contenders in turns on both suites."""
    lines = [
        f"{TESTS} sleeping tests, median {MEDIAN_S * 1000:.0f} ms, {LONG_TESTS} of them "
        f"{LONG_S * 1000:.0f} ms; a lane of width 1, a lane of width 2, {EXCLUSIVE_TESTS} "
        f"exclusive tests; `-n {WORKERS}`, {rounds} alternating rounds. "
        "Makespan: from the first test's begin to the last one's end. "
        "Bound: sum of the exclusive tests + the largest of rest / workers, longest test, "
        "lane / width; with the durations that the tests had in that run (`ratio`), and with "
        "those that they were written to sleep (`to asleep`). "
        "xdist's own schedulers know no lanes: `broken` counts the tests that ran beside what "
        "they must not run beside.",
        "",
        "| bound by | contender | makespan | ratio | worst | to asleep | broken | bar |",
        "|---|---|---|---|---|---|---|---|",
    ]
    missed: list[str] = []
    for name, long_in_one in (("sum", 3), ("lane", 9)):
        suite = build_suite(long_in_one)
        found = alternate(python, suite, rounds)
        asleep_s = find_bound([(one.sleep_s, one.lane) for one in suite])
        for contender in CONTENDERS:
            lines.append(render_row(name, contender, found[contender], asleep_s))
            missed += find_missed(name, contender, found[contender])
    return Section("A skewed suite: what distributing gains", lines, missed)


def build_suite(long_in_one: int) -> list[Sleeper]:
    """Build the tests; `long_in_one` of the long ones are in the lane of width 1."""
    dice = random.Random(7)  # noqa: S311  no secret; the same suite each time
    lanes = ["one"] * long_in_one + ["two"] * 4
    long_ones = [(LONG_S, lane) for lane in (lanes + [""] * LONG_TESTS)[:LONG_TESTS]]
    short_lanes = ["exclusive"] * EXCLUSIVE_TESTS + ["one"] * 20 + ["two"] * 30
    short_ones = [
        (MEDIAN_S * dice.lognormvariate(0, 0.5), lane)
        for lane in (short_lanes + [""] * TESTS)[: TESTS - LONG_TESTS]
    ]
    both = long_ones + short_ones
    dice.shuffle(both)
    return [Sleeper(f"test_{number:03}", *one) for number, one in enumerate(both)]


def write_suite(suite: Sequence[Sleeper], directory: Path) -> None:
    """Write the tests into files, with the witness."""
    (directory / "pytest.ini").write_text(INI)
    (directory / "conftest.py").write_text(CONFTEST)
    size = len(suite) // FILES
    for number in range(FILES):
        part = suite[number * size : (number + 1) * size]
        text = "import time\nimport pytest\n\n" + "\n".join(map(render_test, part))
        (directory / f"test_file{number:02}.py").write_text(text)


def render_test(test: Sleeper) -> str:
    """Render a test's marks and body."""
    mark = {"": "", "exclusive": "@pytest.mark.serial\n"}.get(
        test.lane, f'@pytest.mark.lane("{test.lane}", width={WIDTHS.get(test.lane)})\n'
    )
    return f"{mark}def {test.name}():\n    time.sleep({test.sleep_s:.4f})\n"


def alternate(
    python: Python, suite: Sequence[Sleeper], rounds: int
) -> dict[Contender, list[Outcome]]:
    """Run all contenders in turns; the first round, without a history, is not measured."""
    found: dict[Contender, list[Outcome]] = {one: [] for one in CONTENDERS}
    lanes = {one.name: one.lane for one in suite}
    with tempfile.TemporaryDirectory(prefix="skewed-") as name:
        directory = Path(name)
        write_suite(suite, directory)
        run_once(python, directory, WHOLE, lanes)
        for _ in range(rounds):
            for one in CONTENDERS:
                found[one].append(run_once(python, directory, one, lanes))
    return found


def run_once(
    python: Python, directory: Path, contender: Contender, lanes: Mapping[str, str]
) -> Outcome:
    """Run the suite, and compare what its tests wrote down with the bound."""
    with tempfile.TemporaryDirectory(dir=directory) as witness:
        environ = {DIRECTORY: witness, "PROXMOX_TEST_INFRA_DIR": str(directory / "infra")}
        finished = run_pytest(python, contender.build_args(WORKERS), directory, environ=environ)
        seen = read_testimony(Path(witness)).seen
    if len(seen) != TESTS or finished.returncode:
        raise UnexpectedRunError(contender.name, finished)
    where = [(one, lanes[one.nodeid.rsplit("::")[-1]]) for one in seen]
    return Outcome(
        makespan_s=max(one.stop for one in seen) - min(one.start for one in seen),
        bound_s=find_bound([(one.stop - one.start, lane) for one, lane in where]),
        overlaps=count_overlaps(where),
    )


def find_bound(tests: Iterable[tuple[float, str]]) -> float:
    """Return the least time that any schedule on the workers takes."""
    sums: dict[str, float] = {}
    longest = 0.0
    for duration_s, lane in tests:
        sums[lane] = sums.get(lane, 0.0) + duration_s
        if lane != "exclusive":
            longest = max(longest, duration_s)
    exclusive_s = sums.pop("exclusive", 0.0)
    lanes = (sums.get(lane, 0.0) / width for lane, width in WIDTHS.items())
    return exclusive_s + max(sum(sums.values()) / WORKERS, longest, *lanes)


def count_overlaps(tests: Sequence[tuple[Seen, str]]) -> int:
    """Count tests that began beside what they must not run beside."""
    broken = 0
    for one, lane in tests:
        beside = [name for other, name in tests if other.start < one.start < other.stop]
        is_full = lane in WIDTHS and beside.count(lane) >= WIDTHS[lane]
        is_disturbed = "exclusive" in beside or (lane == "exclusive" and bool(beside))
        broken += is_full or is_disturbed
    return broken


def render_row(
    name: str, contender: Contender, outcomes: Sequence[Outcome], asleep_s: float
) -> str:
    """Render a contender's row."""
    makespan_s = statistics.median(one.makespan_s for one in outcomes)
    ratio = statistics.median(one.ratio for one in outcomes)
    worst = max(one.ratio for one in outcomes)
    broken = round(statistics.median(one.overlaps for one in outcomes))
    bar = f"{BARS[contender]:.2f}" if contender in BARS else ""
    return (
        f"| {name} ({asleep_s:.2f} s) | {contender.name} | {makespan_s:.2f} s | {ratio:.3f} | "
        f"{worst:.3f} | {makespan_s / asleep_s:.3f} | {broken} | {bar} |"
    )


def find_missed(name: str, contender: Contender, outcomes: Sequence[Outcome]) -> list[str]:
    """Return a sentence if the bar was missed, and one if a limit of ours was broken."""
    if contender not in BARS:
        return []
    ratio = statistics.median(one.ratio for one in outcomes)
    broken = sum(one.overlaps for one in outcomes)
    missed = []
    if ratio > BARS[contender]:
        missed.append(f"{contender.name}, bound by {name}: {ratio:.3f}, bar {BARS[contender]:.2f}")
    if broken:
        missed.append(f"{contender.name}, bound by {name}: {broken} tests beside what they exclude")
    return missed
