"""How long it takes to find one polluter among 1,000 tests, and to confirm it.

The suite is made for it: 1,000 empty tests, one of which changes a module's list, and a victim at
the end.  Measured after the collection, from a list that is known to fail: the search in forks,
then the confirmation in fresh processes (three with the polluter, three without).  Prints a table
and, with `--write`, puts it into `polluter.md` beside this file.

    uv run python benchmarks/polluter.py --write
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1].resolve()
sys.path.insert(0, str(ROOT))

from tests.infra.hunting.bench import Bench  # noqa: E402  found by the line above
from tests.infra.hunting.confirmation import OWN, Fresh  # noqa: E402  see above
from tests.infra.hunting.lab import Lab, Run, Seen, cast  # noqa: E402  see above
from tests.infra.hunting.ordering import find_polluters  # noqa: E402  see above
from tests.infra.hunting.trials import Request  # noqa: E402  see above
from tests.infra.hunting.verdicts import Tally  # noqa: E402  see above

RESULT = Path(__file__).with_suffix(".md")
TESTS = 1000
BAR_SEARCH_S = 1.0
BAR_ALL_S = 5.0

SUITE = """
import pytest

KNOWN = []

@pytest.mark.parametrize("number", range({before}))
def test_before(number): pass

def test_polluter(): KNOWN.append(1)

@pytest.mark.parametrize("number", range({after}))
def test_after(number): pass

def test_victim(): assert KNOWN == []
"""


def write_suite(directory: Path, place: int) -> None:
    """Write a suite in which the polluter has this place."""
    text = SUITE.format(before=place, after=TESTS - place - 1)
    (directory / "test_many.py").write_text(text, encoding="utf-8")
    (directory / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")


def measure(directory: Path, place: int) -> tuple[float, float, float]:
    """Return what collecting took, the search, and the confirmation, in seconds."""
    suite, work = directory / f"suite-{place}", directory / f"work-{place}"
    suite.mkdir()
    write_suite(suite, place)
    os.chdir(suite)
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    own = ["-p", "tests.infra.plugin"]
    began = time.monotonic()
    lab = Lab([*OWN, *own], environ, work)
    try:
        victim = len(lab.collection.nodeids) - 1
        collected = time.monotonic()
        (run,) = lab.run("orders", Request((cast(*range(victim + 1)),)))
        seen = Seen(Run("orders", run.request, 0, run.answer), victim)
        started = time.monotonic()
        found = find_polluters(
            Bench(lab, victim, cores=2, has_time_machine=False), seen, Tally(2, 2), Tally(27, 0)
        )
        searched = time.monotonic()
        if found is None or found.cure is None or found.culprits != (place,):
            sys.exit(f"found {found} and not the polluter at {place}")
        fresh = Fresh(own, environ, work, suite)
        nodeids = lab.collection.nodeids
        commands = [(fresh.build_command(one, nodeids), 3) for one in (found.recipe, found.cure)]
        with_it, without = fresh.confirm_all(commands, nodeids[victim])
        if (with_it.failures, without.failures) != (3, 0):
            sys.exit(f"not confirmed: {with_it} with the polluter, {without} without")
        return collected - began, searched - started, time.monotonic() - searched
    finally:
        lab.close()


def main() -> None:
    """Measure, print, and write where asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="polluters searched (default: 7)")
    parser.add_argument("--write", action="store_true", help="write polluter.md, too")
    arguments = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as directory:
        places = [TESTS * (2 * n + 1) // (2 * arguments.rounds) for n in range(arguments.rounds)]
        measure(Path(directory), 7)
        figures = [measure(Path(directory), place) for place in places]
    collecting, searching, confirming = (
        [statistics.median(column), min(column), max(column)]
        for column in zip(*figures, strict=True)
    )
    whole = statistics.median([search + confirm for _, search, confirm in figures])
    lines = [
        "# Finding one polluter among 1,000 tests",
        "",
        f"{arguments.rounds} suites, the polluter at another place in each; medians and ranges. "
        f"Python {platform.python_version()}, pytest {version('pytest')}, {os.cpu_count()} "
        "processors. Again: `uv run python benchmarks/polluter.py --write`.",
        "",
        f"Bars: the search under {BAR_SEARCH_S:g} s, with the confirmation under {BAR_ALL_S:g} s.",
        "",
        "| | median | range |",
        "|---|---|---|",
    ]
    for name, (median, low, high) in (
        ("collecting, before that", collecting),
        ("search in forks", searching),
        ("confirmation in 6 fresh processes", confirming),
    ):
        lines.append(f"| {name} | {median:.2f} s | {low:.2f} to {high:.2f} s |")
    lines.append(f"| search and confirmation | {whole:.2f} s | |")
    missed = [
        text
        for text, is_missed in (
            ("the search", searching[0] > BAR_SEARCH_S),
            ("search and confirmation", whole > BAR_ALL_S),
        )
        if is_missed
    ]
    lines += ["", f"**Missed:** {', '.join(missed)}." if missed else "Both bars are met.", ""]
    text = "\n".join(lines)
    sys.stdout.write(text)
    if arguments.write:
        RESULT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
