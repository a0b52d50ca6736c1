"""The infrastructure beside other plugins: each alone, and all together, in many ways.

Makes an environment with the plugins, runs a suite with a bit of everything sequentially and in
parallel, and compares the outcome of every test.  Prints a table and, with `--write`, puts it into
`beside_plugins.md` beside this file; the exit code is 1 if anything differed.

    uv run python benchmarks/beside_plugins.py --write
    uv run python benchmarks/beside_plugins.py --only pytest-timeout --way=--lf --show
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from beside.neighbours import ALL, NEIGHBOURS, PACKAGES, WAYS, Neighbour, Way
from beside.trials import Observed, find_problems, run_in_parallel, run_sequentially
from proving.oldest import make_environment
from pytest_runs import ROOT, Python

RESULT: Final = Path(__file__).with_suffix(".md")


@dataclass(frozen=True, slots=True)
class Cell:
    """What came out of a way of running beside a plugin."""

    neighbour: Neighbour
    way: Way
    parallel: Observed
    problems: Sequence[str]


def try_all(
    python: Python, neighbours: Sequence[Neighbour], ways: Sequence[Way], jobs: int
) -> list[Cell]:
    """Try every way beside every plugin, several at a time."""
    with ThreadPoolExecutor(jobs) as pool:
        rows = [pool.submit(try_one, python, neighbour, ways) for neighbour in neighbours]
        return [cell for row in rows for cell in row.result()]


def try_one(python: Python, neighbour: Neighbour, ways: Sequence[Way]) -> list[Cell]:
    """Try every way beside one plugin; what chooses the same tests shares the sequential run."""
    sequential: dict[tuple[str, ...], Observed] = {}
    cells = []
    for way in ways:
        if way.is_beyond_xdist(neighbour):
            continue
        if way.args not in sequential:
            sequential[way.args] = run_sequentially(python, neighbour, way)
        parallel = run_in_parallel(python, neighbour, way)
        problems = find_problems(neighbour, way, sequential[way.args], parallel)
        cells.append(Cell(neighbour, way, parallel, problems))
        for problem in problems or ["as sequential"]:
            print(f"{neighbour.name}, {way.name}: {problem}", file=sys.stderr, flush=True)
    return cells


def render_report(versions: Sequence[str], cells: Sequence[Cell]) -> str:
    """Render the table, and what differed."""
    ways = list(dict.fromkeys(cell.way.name for cell in cells))
    rows: dict[str, dict[str, str]] = {}
    for cell in cells:
        text = f"{len(cell.problems)} problems" if cell.problems else "as sequential"
        rows.setdefault(cell.neighbour.name, {})[cell.way.name] = text
    neighbours = list(rows)
    bad = [cell for cell in cells if cell.problems]
    lines = [
        "# Beside other plugins",
        "",
        f"{len(cells)} parallel runs, each compared test by test with a sequential one: outcomes, "
        "exit code, lanes, processes left, the plugin's own report. "
        f"**{len(bad)} differed.** Again: `uv run python benchmarks/beside_plugins.py --write`.",
        "",
        "`xdist fails`: xdist's own scheduler ends in an internal error there, without us, too.",
        "",
        f"With {', '.join(versions)}.",
        "",
        f"| | {' | '.join(neighbours)} |",
        f"|---|{'---|' * len(neighbours)}",
        *(
            f"| `{way}` | {' | '.join(rows[name].get(way, 'xdist fails') for name in neighbours)} |"
            for way in ways
        ),
    ]
    if bad:
        lines += ["", "What differed:", ""]
    for cell in bad:
        lines.append(f"- {cell.neighbour.name}, `{cell.way.name}`: {'; '.join(cell.problems[:6])}")
    return "\n".join(lines) + "\n"


def read_versions(executable: str) -> list[str]:
    """Return name and version of each plugin that is installed."""
    script = (
        "from importlib.metadata import distributions as all; "
        "print(*sorted(f'{d.name} {d.version}' for d in all() if 'pytest' in d.name), sep='\\n')"
    )
    done = subprocess.run([executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", help="a plugin's name; may be repeated")
    parser.add_argument("--way", action="append", help="a way's name; may be repeated")
    parser.add_argument("--show", action="store_true", help="show what pytest said")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at a time")
    parser.add_argument("--root", type=Path, default=ROOT, help="where tests.infra comes from")
    parser.add_argument("--python", help="an interpreter that has the plugins")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}, too")
    return parser.parse_args()


def choose(names: Sequence[str] | None, known: Mapping[str, object]) -> list[str]:
    """Return the chosen names, or all."""
    if unknown := set(names or ()) - set(known):
        sys.exit(f"{', '.join(sorted(unknown))} is not among {', '.join(known)}")
    return list(names or known)


def main() -> int:
    """Try what was asked for."""
    options = parse_arguments()
    neighbours = {one.name: one for one in (*NEIGHBOURS, ALL)}
    ways = {one.name: one for one in WAYS}
    chosen = [neighbours[name] for name in choose(options.only, neighbours)]
    chosen_ways = [ways[name] for name in choose(options.way, ways)]
    with tempfile.TemporaryDirectory(prefix="beside-env-") as name:
        executable = options.python or make_environment(Path(name), sys.executable, PACKAGES)
        python = Python(options.root.resolve(), executable)
        cells = try_all(python, chosen, chosen_ways, options.jobs)
        text = render_report(read_versions(executable), cells)
    for cell in cells if options.show else ():
        print(" ".join(cell.parallel.finished.command), cell.parallel.finished.output, sep="\n")
    print(text)
    if options.write:
        RESULT.write_text(text, encoding="utf-8")
    return int(any(cell.problems for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
