"""Prove that every plant is real, and that all other tests are sound.

Of each planted suite: it passes in its natural order, its flaky tests fail by their recipe in the
way that the table says, the culprits that it names are a smallest set and no other test is one,
and all other tests pass in any order, twice, and beside themselves.  The sound suites must pass in
all of that, with other hash seeds, time zones, locales and under load.

    uv run python benchmarks/flakes/plants.py --check [--only 'victim_*'] [--sound]
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

# What the parts of a benchmark share lies one directory up.
sys.path.append(str(Path(__file__).parents[1]))

from flakes.expected import Plant, list_sound, read_plants
from flakes.proofs import Proof, prove_plant, prove_sound

JOBS: Final = 1


def main() -> int:
    """Check what was asked for; 1 where a plant is none."""
    options = parse_options()
    plants = read_plants(options.only)
    checks: list[tuple[str, Callable[[], Proof]]] = []
    if options.sound != "only":
        checks += [(plant.name, _bind_plant(plant)) for plant in plants]
    if options.sound:
        checks += [(path.name, _bind_sound(path)) for path in list_sound(options.only)]
    if not options.check:
        print("\n".join(f"{plant.name:32} {', '.join(sorted(plant.kinds))}" for plant in plants))
        return 0
    faults = 0
    for name, found, took_s in _run_all(checks, options.jobs):
        faults += len(found.faults)
        print(f"{name:32} {took_s:6.1f} s  {found.render()}", flush=True)
    print(f"{len(checks)} suites, {faults} faults")
    return 1 if faults else 0


def _bind_plant(plant: Plant) -> Callable[[], Proof]:
    return lambda: prove_plant(plant)


def _bind_sound(suite: Path) -> Callable[[], Proof]:
    return lambda: prove_sound(suite)


def _run_all(
    checks: Sequence[tuple[str, Callable[[], Proof]]], jobs: int
) -> Iterator[tuple[str, Proof, float]]:
    def run(check: tuple[str, Callable[[], Proof]]) -> tuple[str, Proof, float]:
        start = time.monotonic()
        return check[0], check[1](), time.monotonic() - start

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(run, checks)


def parse_options() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="run the proofs (default: list)")
    parser.add_argument("--only", default="*", help="suites whose names match")
    parser.add_argument("--sound", nargs="?", const="too", choices=["too", "only"], default="")
    parser.add_argument("--jobs", type=int, default=JOBS, help="suites at a time")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
