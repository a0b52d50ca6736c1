"""Whether `measure` says the same when it is asked again: medians within a tenth, same verdicts.

It runs the verb several times on the Proxmox suite and compares the reports.  Prints a table and,
with `--write`, puts it into `measure_again.md` beside this file; exits 1 where they disagree.

    uv run python benchmarks/measure_again.py --write
    uv run python benchmarks/measure_again.py -- --no-categories --workers 2
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
RESULT: Final = Path(__file__).with_suffix(".md")
SUITE: Final = "tests/suite"
TOLERANCE: Final = 0.1
HEADINGS: Final = ("run", "medians", "apart", "verdicts", "agree")


@dataclass(frozen=True, slots=True)
class Row:
    """One configuration in all repetitions."""

    name: str
    medians_s: Sequence[float]
    verdicts: Sequence[str]

    @property
    def apart(self) -> float:
        """How far the highest median is from the lowest, as a part of the lowest."""
        return max(self.medians_s) / min(self.medians_s) - 1

    @property
    def agrees(self) -> bool:
        """Whether the repetitions say the same."""
        return self.apart <= TOLERANCE and len(set(self.verdicts)) == 1

    def render(self) -> str:
        """Render a line of the table."""
        medians = ", ".join(f"{one:.2f}" for one in self.medians_s)
        verdicts = ", ".join(dict.fromkeys(self.verdicts))
        word = "yes" if self.agrees else "no"
        return f"| {self.name} | {medians} s | {self.apart:.0%} | {verdicts} | {word} |"


def main() -> int:
    """Measure, compare, tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=3, help="how often to measure (3)")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    parser.add_argument("more", nargs="*", help="arguments for measure, behind --")
    arguments = parser.parse_args()
    reports = [measure(arguments.more) for _ in range(arguments.times)]
    rows = list(compare(reports))
    text = render(rows, reports, arguments.more)
    print(text)
    if arguments.write:
        RESULT.write_text(text, encoding="utf-8")
    return 0 if rows and all(row.agrees for row in rows) else 1


# Any: a report is JSON of any shape.
def measure(more: Sequence[str]) -> Mapping[str, Any]:
    """Run the verb once, and return its report."""
    with tempfile.TemporaryDirectory() as name:
        report, picture = Path(name) / "report.json", Path(name) / "report.svg"
        command = [sys.executable, "-m", "tests.infra", "measure", "--output", str(report)]
        subprocess.run(
            [*command, "--picture", str(picture), *more, SUITE],
            cwd=ROOT,
            stdout=sys.stderr,
            check=True,
        )
        return dict(json.loads(report.read_text(encoding="utf-8")))


# Any: as above.
def compare(reports: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """Yield a row for each configuration."""
    tables = [dict(list_configurations(report)) for report in reports]
    for name in tables[0]:
        cells = [table[name] for table in tables]
        yield Row(name, [wall_s for wall_s, _ in cells], [verdict for _, verdict in cells])


# Any: as above.
def list_configurations(report: Mapping[str, Any]) -> Iterator[tuple[str, tuple[float, str]]]:
    """Yield name, median and verdict of what a report tells."""
    yield "in one process", (report["baseline"]["wall_s"], "-")
    for count, one in report["parallel"].items():
        yield f"-n {count}", (one["wall_s"], report["analysis"][count]["verdict"])
    for name, one in report["categories"].items():
        yield f"{name}, in one process", (one["sequential"]["wall_s"], "-")
        verdict = one["analysis"]["verdict"]
        yield f"{name}, -n {one['workers']}", (one["parallel"]["wall_s"], verdict)


# Any: as above.
def render(rows: Sequence[Row], reports: Sequence[Mapping[str, Any]], more: Sequence[str]) -> str:
    """Render the table and what it was measured on."""
    command = " ".join(
        ["uv run python benchmarks/measure_again.py", *(["--", *more] if more else [])]
    )
    rounds = ", ".join(str(report["rounds"]) for report in reports)
    others = ", ".join(f"{report['machine']['others_share']:.0%}" for report in reports)
    lines = [
        "# Whether measure says the same when it is asked again",
        "",
        f"`measure` {len(reports)} times on `{SUITE}`; rounds: {rounds}; what other processes took "
        f"of the processors meanwhile: {others}. Python {platform.python_version()}, "
        f"pytest {version('pytest')}, {reports[0]['machine']['cores']} cores. Again: `{command}`.",
        "",
        f"| {' | '.join(HEADINGS)} |",
        "|---|---|---|---|---|",
        *(row.render() for row in rows),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
