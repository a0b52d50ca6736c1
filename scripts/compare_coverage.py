"""Tells what share of the lines was covered, and which lines and branches only one of two runs had.

uv run python scripts/compare_coverage.py coverage-sequential.json coverage-parallel.json

It reads what `coverage json` writes.  The exit code is 1 where two runs differ, or where a share
is below what `--at-least` asks for.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

USAGE_ERROR: Final = 2
LOW: Final = 90.0
"""Per cent of lines; files below are named."""
SHOWN: Final = 15


class UnreadableError(Exception):
    """A file is no report of coverage."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        """Say what is wrong, and the way out."""
        return f"{self.path}: {self.problem}; write it with: coverage json -o {self.path}"


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """What was executed of one file, and what was not."""

    lines: frozenset[int]
    missing: frozenset[int]
    branches: frozenset[tuple[int, int]]
    """From a line to a line; out of a function, the second one is negative."""
    missing_branches: frozenset[tuple[int, int]]

    @property
    def percent(self) -> float:
        """The share of lines."""
        return share(len(self.lines), len(self.lines) + len(self.missing))


Report = dict[str, FileCoverage]


@dataclass(frozen=True, slots=True)
class Difference:
    """What only one of two runs executed of a file."""

    path: str
    is_first: bool
    lines: tuple[int, ...]
    branches: tuple[tuple[int, int], ...]


def share(part: int, whole: int) -> float:
    """Return a percentage; of nothing, all."""
    return 100.0 * part / whole if whole else 100.0


def read_report(path: Path) -> Report:
    """Read a report.

    :raises UnreadableError: it is none.
    """
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {name: _read_file(entry) for name, entry in files.items()}
    except OSError as error:
        raise UnreadableError(path, error.strerror or "can't be read") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(path, "is no report of coverage as JSON") from error


# Any: one entry of a JSON object that another program wrote.
def _read_file(entry: dict[str, Any]) -> FileCoverage:
    def read_pairs(name: str) -> frozenset[tuple[int, int]]:
        return frozenset((int(start), int(end)) for start, end in entry.get(name, ()))

    return FileCoverage(
        lines=frozenset(map(int, entry["executed_lines"])),
        missing=frozenset(map(int, entry["missing_lines"])),
        branches=read_pairs("executed_branches"),
        missing_branches=read_pairs("missing_branches"),
    )


def find_differences(first: Report, second: Report) -> Iterator[Difference]:
    """Find what only one of two runs executed, file by file."""
    nothing = FileCoverage(frozenset(), frozenset(), frozenset(), frozenset())
    for path in sorted({*first, *second}):
        one, other = first.get(path, nothing), second.get(path, nothing)
        for mine, yours, is_first in ((one, other, True), (other, one, False)):
            lines = tuple(sorted(mine.lines - yours.lines))
            branches = tuple(sorted(mine.branches - yours.branches))
            if lines or branches:
                yield Difference(path, is_first, lines, branches)


def render_totals(report: Report) -> str:
    """Render the shares of lines and of branches, of all files together."""
    lines = sum(len(one.lines) for one in report.values())
    all_lines = lines + sum(len(one.missing) for one in report.values())
    branches = sum(len(one.branches) for one in report.values())
    all_branches = branches + sum(len(one.missing_branches) for one in report.values())
    return (
        f"{count_percent(report):.2f}% of {all_lines} lines, "
        f"{share(branches, all_branches):.2f}% of {all_branches} branches, {len(report)} files"
    )


def count_percent(report: Report) -> float:
    """Count the share of the lines of all files together."""
    lines = sum(len(one.lines) for one in report.values())
    return share(lines, lines + sum(len(one.missing) for one in report.values()))


def render_low(report: Report) -> Iterator[str]:
    """Name the files of which much is left, the worst first."""
    low = {path: one for path, one in report.items() if one.percent < LOW}
    for path, one in sorted(low.items(), key=lambda item: item[1].percent):
        yield f"  {one.percent:5.1f}%  {path}: {join_lines(one.missing)}"


def join_lines(numbers: Sequence[int] | frozenset[int]) -> str:
    """Join numbers of lines, those that follow each other as `3-7`."""
    pairs = enumerate(sorted(numbers))
    groups = [[n for _, n in group] for _, group in groupby(pairs, lambda pair: pair[1] - pair[0])]
    texts = [f"{group[0]}-{group[-1]}" if len(group) > 1 else str(group[0]) for group in groups]
    more = f" and {len(texts) - SHOWN} more places" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + more


def render_difference(difference: Difference, names: Sequence[str]) -> str:
    """Render what only one run had."""
    name = names[0] if difference.is_first else names[1]
    parts = [f"lines {join_lines(difference.lines)}"] if difference.lines else []
    if difference.branches:
        shown = ", ".join(f"{start}->{end}" for start, end in difference.branches[:SHOWN])
        parts.append(f"branches {shown}")
    return f"  {difference.path}: only {name}: {'; '.join(parts)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of one report, or what two differ in; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reports", nargs="+", type=Path, metavar="JSON", help="one or two")
    parser.add_argument("--at-least", type=float, default=0.0, metavar="PERCENT", help="of lines")
    found = parser.parse_args(arguments)
    if len(found.reports) > 2:  # noqa: PLR2004  two runs
        parser.error("give one report, or two to compare")
    try:
        reports = [read_report(path) for path in found.reports]
    except UnreadableError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    names = [path.name for path in found.reports]
    return judge(reports, names, found.at_least)


def judge(reports: Sequence[Report], names: Sequence[str], at_least: float) -> int:
    """Print what was found; return 1 where it isn't as it should be."""
    code = 0
    for report, name in zip(reports, names, strict=True):
        print(f"{name}: {render_totals(report)}")
        print("\n".join(render_low(report)), end="\n" if any(render_low(report)) else "")
        if count_percent(report) < at_least:
            print(f"{name}: less than {at_least:g}% of the lines")
            code = 1
    if len(reports) == 1:
        return code
    differences = list(find_differences(reports[0], reports[1]))
    for difference in differences:
        print(render_difference(difference, names))
    print("The runs covered different code." if differences else "Both runs covered the same.")
    return 1 if differences else code


if __name__ == "__main__":
    sys.exit(main())
