"""What the scheduler costs and gains, beside xdist's own.

Runs alternate, so that a noisy neighbour meets all contenders.  Prints a report and, with
`--write`, puts it into `scheduler.md` beside this file; with `--only`, just those sections of it.
The exit code is 1 if a bar was missed.

    uv run python benchmarks/scheduler.py --write
    uv run python benchmarks/scheduler.py --only skewed --only stop
"""

import argparse
import os
import platform
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pytest_runs import ROOT, Python
from scheduling import empty, one_test, skewed, stop
from scheduling.contenders import Section

RESULT: Final = Path(__file__).with_suffix(".md")
SIZES: Final = (10_000,)
LARGE_SIZES: Final = (10_000, 30_000)
ONE_TEST_ROUNDS: Final = 11


def build_sections(
    python: Python, rounds: int, sizes: tuple[int, ...]
) -> Mapping[str, Callable[[], Section]]:
    """Return what each section's name stands for."""
    return {
        "empty": partial(empty.measure, python, rounds, sizes),
        "skewed": partial(skewed.measure, python, rounds),
        "stop": partial(stop.measure, python, rounds),
        "one-test": partial(one_test.measure, python, max(rounds, ONE_TEST_ROUNDS)),
    }


def render_report(sections: list[Section], former: str) -> str:
    """Render the report: sections that were not measured now stay as they were."""
    measured = {section.title: section.render() for section in sections}
    kept = {part.splitlines()[0][3:]: part for part in re.split(r"(?m)^(?=## )", former)[1:]}
    head = (
        "# What the scheduler costs and gains\n\n"
        f"Python {platform.python_version()}, pytest {version('pytest')}, "
        f"pytest-xdist {version('pytest-xdist')}, {os.cpu_count()} processors. "
        "Again: `uv run python benchmarks/scheduler.py --write`.\n\n"
    )
    parts = {**kept, **measured}.values()
    return head + "\n".join(part.rstrip() + "\n" for part in parts)


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="measured rounds (default: 5)")
    parser.add_argument("--only", action="append", help="empty, skewed, stop or one-test")
    parser.add_argument("--large", action="store_true", help="30,000 empty tests, too")
    parser.add_argument("--root", type=Path, default=ROOT, help="where tests.infra comes from")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}, too")
    options = parser.parse_args()
    python = Python(options.root.resolve())
    known = build_sections(python, options.rounds, LARGE_SIZES if options.large else SIZES)
    if unknown := set(options.only or ()) - set(known):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    sections = [known[name]() for name in options.only or known]
    print("\n".join(section.render() for section in sections))
    if options.write:
        former = RESULT.read_text(encoding="utf-8") if RESULT.exists() else ""
        RESULT.write_text(render_report(sections, former), encoding="utf-8")
    return int(any(section.missed for section in sections))


if __name__ == "__main__":
    sys.exit(main())
