"""Other tools on the same planted suites, each in an environment of its own.

Each is run as its documents say, on a fresh copy of the suite.  Those that must be told the test
are told the planted ones.  What they found is kept in `rivals.json`, which `hunt` puts beside ours.

    uv run python benchmarks/flakes/rivals.py --work /var/tmp/rivals --write
    uv run python benchmarks/flakes/rivals.py --work /var/tmp/rivals --write --missing
    uv run python benchmarks/flakes/rivals.py --only 'victim_*' --rival whyflaky
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

# What the parts of a benchmark share lies one directory up.
sys.path.append(str(Path(__file__).parents[1]))

from proving.oldest import make_environment

from flakes import answers, tables
from flakes.expected import Plant, read_plants
from flakes.hunters import run_shell
from flakes.judging import Accusation, Score, judge
from flakes.trials import INI, placed

RESULT: Final = Path(__file__).with_suffix(".json")
LIMIT_S: Final = 180.0
RERUNS: Final = 10
SEEDS: Final = 6
PYTEST: Final = ("pytest==9.2.0", "pytest-asyncio")


class TooLongError(Exception):
    """A tool did not end in its time."""


class Bench:
    """A place, an environment and what is left of the time: where one tool tries one suite."""

    def __init__(self, place: Path, binaries: Path, limit_s: float) -> None:
        self.place = place
        self.binaries = binaries
        self.deadline = time.monotonic() + limit_s

    def run(self, command: str) -> str:
        """Run a command with the environment's programs; return all that it printed."""
        left_s = max(self.deadline - time.monotonic(), 0.1)
        path = f"PATH='{self.binaries}':\"$PATH\" "
        status, output, errors = run_shell(self.place, path + command, left_s, root=None)
        if status is None:
            raise TooLongError
        return output + errors

    def rerun(self, options: Sequence[str]) -> list[Accusation]:
        """Run the suite once with each of the options; accuse what passes and fails."""
        runs = [self.run(f"pytest -q -rA --tb=no {one}") for one in options]
        return answers.compare_runs(runs)


Rival = Callable[[Bench, Plant], list[Accusation]]


def rerun_plainly(bench: Bench, _plant: Plant) -> list[Accusation]:
    """Run the suite ten times."""
    return bench.rerun([""] * RERUNS)


def rerun_randomly(bench: Bench, _plant: Plant) -> list[Accusation]:
    """Run the suite with six seeds of pytest-randomly."""
    return bench.rerun([f"--randomly-seed={seed}" for seed in range(SEEDS)])


def ask_whyflaky(bench: Bench, _plant: Plant) -> list[Accusation]:
    """Let whyflaky scan the suite."""
    report = bench.place.parent / "whyflaky.json"
    bench.run(f"whyflaky scan . -q --json {report} --db {report.with_suffix('.db')}")
    return answers.read_whyflaky(report)


def ask_doctor(bench: Bench, plant: Plant) -> list[Accusation]:
    """Let pytest-flakedoctor run the suite, and if all passes, diagnose each planted test."""
    found = _ask_doctor(bench, "")
    if found:
        return found
    return [said for one in plant.flaky for said in _ask_doctor(bench, f"'{one.test}'")]


def _ask_doctor(bench: Bench, test: str) -> list[Accusation]:
    report = bench.place.parent / "doctor.json"
    report.unlink(missing_ok=True)
    options = "--doctor --doctor-budget=150 --doctor-allow-side-effects"
    bench.run(f"pytest -q {test} {options} --doctor-json={report}")
    return answers.read_doctor(report)


def ask_detector(bench: Bench, plant: Plant) -> list[Accusation]:
    """Tell detect-test-pollution each planted test, and let it look for the polluter."""
    found = []
    for one in plant.flaky:
        command = f"detect-test-pollution --failing-test '{one.test}' --tests ."
        found += answers.read_detector(one.test, bench.run(command))
    return found


RIVALS: Final[Mapping[str, tuple[tuple[str, ...], Rival]]] = {
    "whyflaky": (("whyflaky",), ask_whyflaky),
    "pytest-flakedoctor": (("pytest-flakedoctor",), ask_doctor),
    "detect-test-pollution": (("detect-test-pollution",), ask_detector),
    "pytest-randomly, 6 seeds": (("pytest-randomly",), rerun_randomly),
    "10 plain reruns": ((), rerun_plainly),
}
"""Each with the packages that it needs beside pytest."""


def install(work: Path, name: str) -> Path:
    """Make the environment of a rival, unless it is there; return its directory of programs."""
    place = work / "".join(letter if letter.isalnum() else "-" for letter in name)
    binaries = place / "env" / "bin"
    if not (binaries / "pytest").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        make_environment(place, sys.executable, (*PYTEST, *RIVALS[name][0]))
    return binaries


def try_rival(rival: Rival, plant: Plant, binaries: Path, limit_s: float) -> Score:
    """Let a rival try one suite, and judge it."""
    start = time.monotonic()
    problem = ""
    said: list[Accusation] = []
    with placed(plant.directory, INI) as place:
        try:
            said = rival(Bench(place, binaries, limit_s), plant)
        except TooLongError:
            problem = f"not ready after {limit_s:g} s"
        except answers.NoAnswerError as error:
            problem = str(error)
    return judge(plant, said, time.monotonic() - start, problem)


def main() -> int:
    """Let all rivals try all suites; what is known already is kept."""
    options = parse_options()
    # As an exception, so that the tool that runs just now is ended, too.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    plants = read_plants(options.only)
    known = {name: dict(scores) for name, scores in tables.read_scores(options.result).items()}
    with tempfile.TemporaryDirectory(prefix="rivals-") as name:
        work = Path(options.work or name)
        for rival in options.rival or RIVALS:
            binaries = install(work, rival)
            scores = known.setdefault(rival, {})
            for plant in plants:
                if options.missing and plant.name in scores:
                    continue
                score = try_rival(RIVALS[rival][1], plant, binaries, options.limit)
                scores[plant.name] = score
                said = score.problem or ", ".join(score.said) or "nothing"
                print(f"{rival:24} {plant.name:32} {score.took_s:6.1f} s  {said}", flush=True)
                if options.write:
                    keep = {
                        name: sorted(every.values(), key=_name) for name, every in known.items()
                    }
                    tables.write_scores(options.result, keep)
    print(tables.render_totals({name: list(every.values()) for name, every in known.items()}))
    return 0


def _name(score: Score) -> str:
    return score.suite


def parse_options() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", default="*", help="suites whose names match")
    parser.add_argument("--rival", action="append", choices=list(RIVALS), help="only this one")
    parser.add_argument("--missing", action="store_true", help="only suites it has not tried yet")
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds per suite (180)")
    parser.add_argument("--work", help="directory to keep the environments in")
    parser.add_argument("--result", type=Path, default=RESULT, help="what is known already")
    parser.add_argument("--write", action="store_true", help="add to what is known")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
