"""Whether a failure that came once comes back: `--replay` on suites that fail in some runs only.

A suite runs on four workers until it fails; then the list of the worker that had the failure runs
again, once, in one process.  Order, VMIDs and outcomes of all its tests are compared.  Failures
that need a neighbour on another worker are repeated with the whole placement, beside as many
plain runs.  Last, what keeping the schedule of 10,000 tests takes.

    uv run python benchmarks/replay.py [--write] [--kinds "VMID;brittle"]
"""

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from pytest_runs import OURS, QUIET_PLUGINS, Finished, Python, run_pytest  # noqa: E402  found by the line above
from replaying.suites import CONCURRENT, PROCESS_BOUND, write_suite  # noqa: E402  found by the line above

from tests.infra.circumstances import Circumstances  # noqa: E402  found by the line above
from tests.infra.records import RunRecord, Span  # noqa: E402  found by the line above
from tests.infra.schedules import Schedule, WorkerSchedule, add_steps, parse_schedule  # noqa: E402  found by the line above

RESULT: Final = Path(__file__).with_suffix(".md")

PLUGINS: Final = (*QUIET_PLUGINS, *OURS, "-q")
WORKERS: Final = "-n4"
MOST_RUNS: Final = 40
"""How often a suite may run without a failure before the benchmark gives up on it."""

REPEATS: Final = 10
"""Replays, and plain runs, of each concurrent failure."""

TESTS: Final = 10_000

Note = tuple[str, str, int, str]
"""What a test notes: worker, node id, VMID, outcome."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What came of one process-bound failure."""

    kind: str
    runs: int
    """Until the first failure, that one included."""
    tests: int
    """In the list of the worker."""
    has_order: bool
    has_vmids: bool
    has_outcomes: bool

    @property
    def is_back(self) -> bool:
        """Whether the very run of the worker came again."""
        return self.has_order and self.has_vmids and self.has_outcomes


@dataclass(frozen=True, slots=True)
class Concurrent:
    """What came of one concurrent failure."""

    kind: str
    runs: int
    replayed: int
    """How many of `REPEATS` replays of the placement failed."""
    again: int
    """How many of as many plain runs failed."""


class NeverFailedError(Exception):
    """A suite did not fail, so there is nothing to bring back."""


class Suite:
    """A planted suite in a directory of its own."""

    def __init__(self, directory: Path, planted: str) -> None:
        self._directory = directory
        self._notes = directory / "notes"
        self._python = Python()
        write_suite(directory, planted)

    def run(self, *args: str) -> tuple[Finished, list[Note]]:
        """Run it, and return what its tests noted."""
        self._notes.unlink(missing_ok=True)
        environ = {
            "BENCH_NOTES": str(self._notes),
            "PROXMOX_TEST_INFRA_DIR": str(self._directory / "infra"),
        }
        finished = run_pytest(
            self._python, [*PLUGINS, *args], self._directory, timeout_s=120, environ=environ
        )
        lines = self._notes.read_text(encoding="utf-8").splitlines()
        return finished, [tuple(json.loads(line)) for line in lines]

    def run_until_failure(self) -> tuple[int, list[Note]]:
        """Run it in parallel until a test fails."""
        for number in range(1, MOST_RUNS + 1):
            finished, notes = self.run(WORKERS)
            if finished.returncode == 1:
                return number, notes
            if finished.returncode or finished.is_hung:
                raise RuntimeError(finished.output)
        raise NeverFailedError(MOST_RUNS)


def try_bound(kind: str, planted: str, directory: Path) -> Bound:
    """Make a failure happen, and replay its worker once."""
    suite = Suite(directory, planted)
    runs, notes = suite.run_until_failure()
    worker_id = next(note[0] for note in notes if note[3] == "failed")
    recorded = [note for note in notes if note[0] == worker_id]
    _, replayed = suite.run("--replay", "last", "--worker", worker_id)
    return Bound(
        kind,
        runs,
        len(recorded),
        has_order=[note[:2] for note in replayed] == [note[:2] for note in recorded],
        has_vmids=[note[2] for note in replayed] == [note[2] for note in recorded],
        has_outcomes=[note[3] for note in replayed] == [note[3] for note in recorded],
    )


def try_concurrent(kind: str, planted: str, directory: Path) -> Concurrent:
    """Make a failure happen, repeat its placement, and run the suite anew as often."""
    suite = Suite(directory, planted)
    runs, _ = suite.run_until_failure()
    # Plain runs come last: `last-failed` would find theirs.
    replayed = [suite.run("--replay", "last-failed") for _ in range(REPEATS)]
    again = [suite.run(WORKERS) for _ in range(REPEATS)]
    return Concurrent(
        kind,
        runs,
        sum(finished.returncode == 1 for finished, _ in replayed),
        sum(finished.returncode == 1 for finished, _ in again),
    )


def measure_cost() -> str:
    """Measure size and time of the schedule of many tests, built, written and read."""
    nodeids = [
        f"tests/some/package/test_module_{n // 40}.py::TestThing::test_number[{n}]"
        for n in range(TESTS)
    ]
    spans = [
        Span(n, nodeid, f"gw{n % 4}", n, n + 0.5, 0.5, "passed") for n, nodeid in enumerate(nodeids)
    ]
    run = RunRecord("r", 4, 0.0, 0.0, TESTS, nodeids, {}, {}, spans, ())
    workers = [WorkerSchedule(f"gw{slot}", slot, 4711, 1000, "1") for slot in range(4)]
    start = time.perf_counter()
    schedule = Schedule(
        run_id="r",
        started=0.0,
        worker_count=4,
        run_seed=1,
        randomly_seed=None,
        arguments=(),
        directory=".",
        is_module=True,
        circumstances=Circumstances(),
        workers=add_steps(workers, run),
    )
    text = schedule.to_json()
    written = time.perf_counter()
    parse_schedule(text)
    read = time.perf_counter()
    return (
        f"The schedule of {TESTS:,} tests: {len(text) / 1e6:.2f} MB, built and rendered in "
        f"{(written - start) * 1000:.0f} ms, read in {(read - written) * 1000:.0f} ms."
    )


def render(bound: Sequence[Bound], concurrent: Sequence[Concurrent]) -> str:
    """Render the report."""
    back = sum(one.is_back for one in bound)
    packages = ", ".join(f"{name} {version(name)}" for name in ("pytest", "pytest-xdist"))
    return "\n".join(
        (
            "# Whether a failure comes back with --replay",
            "",
            f"Python {platform.python_version()}, {packages}; four workers. "
            "Again: `uv run python benchmarks/replay.py --write`.",
            "",
            f"Process-bound: {back} of {len(bound)} came back at the first replay of the worker, "
            "with the same order, VMIDs and outcomes of all its tests (bar: 19 of 20).",
            "",
            "| cause | runs until it failed | tests of the worker | order | VMIDs | outcomes |",
            "|---|---|---|---|---|---|",
            *map(render_bound, bound),
            "",
            f"Concurrent, which nothing can promise: failures in {REPEATS} replays of the whole "
            f"placement, and in {REPEATS} plain runs.",
            "",
            "| cause | runs until it failed | replays that failed | plain runs that failed |",
            "|---|---|---|---|",
            *(f"| {o.kind} | {o.runs} | {o.replayed} | {o.again} |" for o in concurrent),
            "",
            measure_cost(),
            "",
        )
    )


def render_bound(one: Bound) -> str:
    """Render one line of the first table."""
    marks = (
        "same" if ok else "**other**" for ok in (one.has_order, one.has_vmids, one.has_outcomes)
    )
    return f"| {one.kind} | {one.runs} | {one.tests} | {' | '.join(marks)} |"


def pick(table: Mapping[str, str], kinds: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the suites that are asked for."""
    return ((kind, text) for kind, text in table.items() if not kinds or kind in kinds)


def main() -> int:
    """Try all suites, and print what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}, too")
    parser.add_argument("--kinds", default="", help="only these, separated by semicolons")
    options = parser.parse_args()
    kinds = [kind for kind in options.kinds.split(";") if kind]
    bound, concurrent = [], []
    with tempfile.TemporaryDirectory() as directory:
        for number, (kind, text) in enumerate(pick(PROCESS_BOUND, kinds)):
            try:
                bound.append(try_bound(kind, text, Path(directory, f"bound{number}")))
                print(render_bound(bound[-1]), file=sys.stderr, flush=True)
            except NeverFailedError as error:
                print(f"{kind}: no failure in {error} runs", file=sys.stderr, flush=True)
        for number, (kind, text) in enumerate(pick(CONCURRENT, kinds)):
            concurrent.append(try_concurrent(kind, text, Path(directory, f"beside{number}")))
            print(concurrent[-1], file=sys.stderr, flush=True)
    text = render(bound, concurrent)
    print(text)
    if options.write:
        RESULT.write_text(text, encoding="utf-8")
    return int(sum(not one.is_back for one in bound) > 1)


if __name__ == "__main__":
    raise SystemExit(main())
