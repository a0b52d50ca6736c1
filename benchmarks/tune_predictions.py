"""How near `tune`'s predictions come to what runs take, for 0 to 4 workers.

Each round runs every number of workers once, so that a noisy neighbour meets all alike.  The first
round warms up; then every other round calibrates the model, by its runs in one process and on as
many workers as there are cores, and what it predicts is compared with the rounds between.  Prints
a report and, with `--write`, puts it into `tune_predictions.md` beside this file.  The exit code is
1 if a bar was missed.

    uv run python benchmarks/tune_predictions.py --write
    uv run python benchmarks/tune_predictions.py --only compute --rounds 2
"""

import argparse
import contextlib
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tuning.suites import Suite, write_suites  # noqa: E402  likewise

from tests.infra.machine import read_machine  # noqa: E402  from this repository
from tests.infra.measuring.runner import Measured  # noqa: E402  likewise
from tests.infra.measuring.specs import RunSpec  # noqa: E402  likewise
from tests.infra.tuning.campaign import build_sample  # noqa: E402  likewise
from tests.infra.tuning.hands import MeasuringHands  # noqa: E402  likewise
from tests.infra.tuning.model import build_model, join_samples  # noqa: E402  likewise
from tests.infra.tuning.scopes import build_scopes  # noqa: E402  likewise

RESULT: Final = Path(__file__).with_suffix(".md")
WORKERS: Final = (0, 1, 2, 3, 4)
HEADING: Final = "\n## "
BAR: Final = 0.15


@dataclass(frozen=True, slots=True)
class Row:
    """One number of workers: what was predicted, and what runs took that the model hasn't seen."""

    workers: int
    predicted_s: float
    runs_s: Sequence[float]
    phases: str

    @property
    def measured_s(self) -> float:
        """The median."""
        return statistics.median(self.runs_s)

    @property
    def error(self) -> float:
        """Above 0: predicted too long."""
        return self.predicted_s / self.measured_s - 1

    def render(self) -> str:
        """Render a line of the table."""
        spread = f"{min(self.runs_s):.2f} to {max(self.runs_s):.2f}"
        return (
            f"| {self.workers} | {self.predicted_s:.2f} s | {self.measured_s:.2f} s | {spread} | "
            f"{self.error:+.1%} | {self.phases} |"
        )


class Silence:
    """Says nothing: the runs of a benchmark are told in its table."""

    def update(self, text: str) -> None:
        """Say nothing."""

    def tell(self, text: str) -> None:
        """Say it to who watches, apart from the report."""
        print(text, file=sys.stderr, flush=True)


def measure(suite: Suite, rounds: int, directory: Path) -> list[Row]:
    """Run all numbers of workers in turns, and predict them."""
    hands = MeasuringHands(directory, Silence())
    known: dict[int, list[Measured]] = {workers: [] for workers in WORKERS}
    held: dict[int, list[Measured]] = {workers: [] for workers in WORKERS}
    for number in range(2 * rounds + 1):
        for workers in WORKERS:
            spec = RunSpec(tuple(suite.arguments), workers)
            one = hands.run(spec, label=f"{suite.name}, round {number}", timeout_s=None)
            assert one.is_complete, one.output
            if number:
                (known if number % 2 else held)[workers].append(one)
    history = hands.read_history()
    cores = read_machine().cores
    beside = min(max(2, cores), max(WORKERS))
    scope = next(build_scopes(list(known[0][0].durations_s), history, has_categories=False))
    samples = [
        join_samples([build_sample(one, history) for one in known[workers]])
        for workers in (0, beside)
    ]
    model = build_model(cores, scope, samples[0], samples[1])
    print(model.sharing, f"factor {model.factor:.2f}", samples[1].startup_cpu_s, file=sys.stderr)
    return [
        Row(
            workers,
            model.predict(scope, workers),
            [one.wall_s for one in held[workers]],
            _render_phases(held[workers]),
        )
        for workers in WORKERS
    ]


def _render_phases(runs: Sequence[Measured]) -> str:
    phases = [
        statistics.median(values)
        for values in zip(*((one.startup_s, one.tests_s, one.rest_s) for one in runs), strict=True)
    ]
    cpu_s = statistics.median([one.cpu_s for one in runs])
    return f"{' + '.join(f'{phase_s:.2f}' for phase_s in phases)} ({cpu_s:.1f})"


def render_head() -> str:
    """Render what all tables have in common."""
    return (
        "# How near tune's predictions come\n\n"
        f"Python {platform.python_version()}, pytest {version('pytest')}, pytest-xdist "
        f"{version('pytest-xdist')}, {read_machine().cores} processors.\n"
        "Again: `uv run python benchmarks/tune_predictions.py --write`.\n"
        f"The bar: each prediction within {BAR:.0%} of the measured time.\n"
    )


def render_table(suite: Suite, rows: Sequence[Row], rounds: int) -> str:
    """Render the section of one suite."""
    missed = [str(row.workers) for row in rows if abs(row.error) > BAR]
    lines = [
        f"Medians of {rounds} rounds, calibrated by as many others between them.",
        "",
        "| workers | predicted | measured | from, to | off by | start-up + tests + end (cpu) |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
        *(row.render() for row in rows),
        "",
        f"**Missed** with {', '.join(missed)} workers." if missed else "The bar is met.",
    ]
    return f"{HEADING}{suite.name}\n\n" + "\n".join(lines) + "\n"


def put_tables(report: str, tables: Sequence[str]) -> str:
    """Put tables into a report, each in the place of the one of its suite."""
    head, *old = report.split(HEADING)
    sections = {part.partition("\n")[0]: HEADING + part for part in old}
    for table in tables:
        sections[table.removeprefix(HEADING).partition("\n")[0]] = table
    return head + "".join(sections.values())


@contextlib.contextmanager
def within(directory: Path) -> Iterator[None]:
    """Run in a directory, with this repository's `tests.infra` to import."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT)
    try:
        with contextlib.chdir(directory):
            yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds (default: 3)")
    parser.add_argument("--only", help="a word of the suite's name")
    parser.add_argument(
        "--write",
        action="store_true",
        help=f"write {RESULT.name}, too; with --only, the tables of these suites in it",
    )
    options = parser.parse_args()
    tables: list[str] = []
    is_met = True
    with tempfile.TemporaryDirectory(prefix="tune-predictions-") as name:
        suites = [Suite("tests/suite", ROOT, ("tests/suite",)), *write_suites(Path(name))]
        if not any((options.only or "") in suite.name for suite in suites):
            names = ", ".join(suite.name for suite in suites)
            parser.error(f"--only {options.only}: in no suite's name; there are: {names}")
        for suite in suites:
            if (options.only or "") in suite.name:
                with within(suite.directory):
                    cache = Path(name) / f"runs-{len(tables)}"
                    rows = measure(suite, options.rounds, cache)
                tables.append(render_table(suite, rows, options.rounds))
                is_met = is_met and all(abs(row.error) <= BAR for row in rows)
    print(put_tables(render_head(), tables))
    if options.write:
        is_part = options.only and RESULT.exists()
        before = RESULT.read_text(encoding="utf-8") if is_part else render_head()
        RESULT.write_text(put_tables(before, tables), encoding="utf-8")
    return int(not is_met)


if __name__ == "__main__":
    sys.exit(main())
