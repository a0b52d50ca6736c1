"""The benchmark of the isolation guard: what it finds, what it invents, what it costs.

Runs the planted suites and the control suite, the same beside pytest-hygiene and whyflaky, and
10,000 empty tests with and without the guard.  Prints a report and, with `--write`, puts each part
that was run into `guard.md`; the exit code is 1 where a bar is missed.  The test suites of
well-known packages are in `packages`.

    uv run python benchmarks/isolation/guard.py --write
    uv run python benchmarks/isolation/guard.py --only found --plant environ
"""

import argparse
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeVar

# What all benchmarks share lies one directory up.
sys.path.append(str(Path(__file__).parents[1]))

import cost
import ours
import rivals
from pages import Page, render_found, render_lawful
from planted import PLANTS, Plant
from probes import find_fault
from pytest_runs import Python
from verdicts import Verdicts

RESULT: Final = Path(__file__).with_suffix(".md")
PARTS: Final = ("probes", "found", "lawful", "cost")
JOBS: Final = 2
BAR_FOUND: Final = 57 / 60
T = TypeVar("T")


def measure_found(plants: Sequence[Plant], work: Path, *, has_rivals: bool) -> tuple[str, bool]:
    """Judge the guard on all plants, and the others; what those found is kept in `work`."""
    mine = run_all(plants, lambda plant: ours.try_plant(Python(), plant, work / "ours"))
    table = {"the guard": mine}
    if has_rivals:
        installed = rivals.install(work / "environments")
        hygiene = Verdicts(work / "hygiene.json")
        table["pytest-hygiene"] = hygiene.complete(
            plants,
            lambda todo: run_all(
                todo, lambda plant: rivals.try_hygiene(installed.hygiene, plant, work / "rivals")
            ),
        )
        whyflaky = Verdicts(work / "whyflaky.json")
        table["whyflaky"] = whyflaky.complete(
            take_first_of_each(plants),
            lambda todo: run_all(
                todo, lambda plant: rivals.try_whyflaky(installed.whyflaky, plant, work / "rivals")
            ),
        )
    found = sum(one.is_found for one in mine)
    is_kept = found >= BAR_FOUND * len(plants) and not any(one.extras for one in mine)
    return render_found(table), is_kept


def take_first_of_each(plants: Sequence[Plant]) -> list[Plant]:
    """Return the first plant of each resource: whyflaky takes half a minute for one."""
    return list({plant.resource: plant for plant in reversed(plants)}.values())[::-1]


def measure_lawful(work: Path, *, has_rivals: bool) -> tuple[str, bool]:
    """Run the control suite under the guard in both tiers, alone, repeated and on two workers."""
    # With numpy and hypothesis, whose first imports change much.
    installed = rivals.install(work / "environments")
    python = Python(executable=str(installed.hygiene))
    runs = {
        f"the guard, tier {tier} {' '.join(args)}".rstrip(): ours.try_lawful(
            python, work, tier, args
        )
        for tier in (1, 2)
        for args in ((), ("-n", "2"), ("--count=2",))
    }
    findings = {name: found for name, (_, found) in runs.items()}
    is_kept = not any(findings.values())
    if has_rivals:
        # whyflaky starts from a test that fails, and here none does.
        hygiene = rivals.try_hygiene_lawful(installed.hygiene, work)
        findings["pytest-hygiene, LEAK"] = [one for one in hygiene if one.text.startswith("LEAK")]
        findings["pytest-hygiene, warn"] = [one for one in hygiene if one.text.startswith("warn")]
    tests = max(count for count, _ in runs.values())
    return render_lawful(findings, min(count for count, _ in runs.values()), tests), is_kept


def measure_cost(work: Path, *, rounds: int, tests: int) -> tuple[str, bool]:
    """Measure what the first tier costs."""
    text = cost.render(cost.measure(Python(), work, tests=tests, rounds=rounds), tests)
    return text, "missed" not in text


def measure_probes(plants: Sequence[Plant], work: Path) -> tuple[str, bool]:
    """Check that every plant leaks, and only through its culprit."""
    faults = run_all(plants, lambda plant: find_fault(Python(), plant, work / "probes"))
    wrong = [(plant.name, fault) for plant, fault in zip(plants, faults, strict=True) if fault]
    for name, fault in wrong:
        print(f"{name}: {fault}", file=sys.stderr)
    text = (
        f"Each of the {len(plants)} plants was checked without any guard: a last test sees the "
        f"leak, and does not see it where the culprit did not run. {len(wrong)} failed this.\n"
    )
    return text, not wrong


def run_all(plants: Iterable[Plant], call: Callable[[Plant], T]) -> list[T]:
    """Call for each plant, two at a time, in order."""
    with ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(call, plants))


def main() -> int:
    """Measure what was asked for."""
    options = parse_options()
    plants = [plant for plant in PLANTS if options.plant in plant.name]
    parts = [options.only] if options.only else PARTS
    page = Page.read(RESULT)
    page.head = (
        "# The isolation guard: what it finds, what it invents, what it costs\n\n"
        f"Python {platform.python_version()}, pytest {version('pytest')}. "
        "Again: `uv run python benchmarks/isolation/guard.py --write`.\n"
    )
    is_kept = True
    with tempfile.TemporaryDirectory() as name:
        work = Path(options.work or name)
        for part in parts:
            text, is_part_kept = measure(part, plants, work, options)
            page.parts[part] = text.replace(str(work), "DIR")
            is_kept = is_kept and is_part_kept
            print(f"## {part}\n\n{text}", flush=True)
    if options.write:
        RESULT.write_text(page.render(PARTS), encoding="utf-8")
    return 0 if is_kept else 1


def measure(
    part: str, plants: Sequence[Plant], work: Path, options: argparse.Namespace
) -> tuple[str, bool]:
    """Measure one part; return its text and whether its bar is kept."""
    if part == "probes":
        return measure_probes(plants, work)
    if part == "found":
        return measure_found(plants, work, has_rivals=not options.alone)
    if part == "lawful":
        return measure_lawful(work, has_rivals=not options.alone)
    return measure_cost(work, rounds=options.rounds, tests=options.tests)


def parse_options() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", choices=PARTS, help="one part (default: all)")
    parser.add_argument("--plant", default="", help="only plants with this in their name")
    parser.add_argument("--alone", action="store_true", help="without pytest-hygiene and whyflaky")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of the cost (default: 9)")
    parser.add_argument("--tests", type=int, default=10_000, help="empty tests (default: 10,000)")
    parser.add_argument("--work", help="directory to keep suites, environments and findings in")
    parser.add_argument("--write", action="store_true", help="write guard.md, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
