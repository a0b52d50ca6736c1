"""Runs the tests: in sequence, in parallel, measured against each other, or validated.

uv run python scripts/run_tests.py parallel --workers 4 --markers unit -- tests/suite -k create

It only puts commands together, prints each and runs it; all of them can be typed by hand.
"""

import argparse
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]

USAGE_ERROR: Final = 2
FAILURE: Final = 3
INTERRUPTED: Final = 130
FROM_SIGNAL: Final = 128
"""What a shell adds to the number of the signal that ended a command."""

REPEATS: Final = 3
PARALLEL: Final = ("-c", "pytest-parallel.ini")
SELF_TEST: Final = "tests/test_parallel_execution.py"
SUITE: Final = "tests/suite"
SOURCES: Final = ("tests/suite", "tests/test_infra", "tests/test_fixtures")

EXAMPLES: Final = """\
examples:
  run_tests.py sequential                         as pytest.ini says, in one process
  run_tests.py parallel                           as pytest-parallel.ini says
  run_tests.py parallel --workers 4 --markers "integration and not slow"
  run_tests.py parallel --coverage --at-least 95  fails below 95% of the lines
  run_tests.py performance --workers 2,4          performance_report.json and .svg
  run_tests.py validate                           check, the self-test, repeated parallel runs
  run_tests.py validate --coverage                and the same coverage in both modes
  run_tests.py sequential -- -x tests/suite       what is after -- goes to pytest

Paths are relative to the repository, wherever this is called from.
The exit code is that of the first command that failed; 2 for a mistake in the arguments.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One command."""

    argv: tuple[str, ...]
    is_report: bool = False
    """Whether it runs even after a failure, because a person wants to see why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for, and return the exit code of what failed first."""
    parser = build_parser()
    own, rest = split(sys.argv[1:] if arguments is None else arguments)
    found = parser.parse_args(own)
    problem = find_problem(found)
    if problem:
        parser.error(problem)
    steps = PLANS[found.mode](found, rest)
    if found.dry_run:
        print("\n".join(render(step) for step in steps))
        return 0
    try:
        return run(steps)
    except KeyboardInterrupt:
        return INTERRUPTED


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Cut a command line at its first `--`; what is behind it is pytest's."""
    words = list(arguments)
    if "--" not in words:
        return words, []
    place = words.index("--")
    return words[:place], words[place + 1 :]


def build_parser() -> argparse.ArgumentParser:
    """Build the parser."""
    parser = argparse.ArgumentParser(
        prog="run_tests.py",
        usage="%(prog)s MODE [options] [-- pytest's arguments ...]",
        description=(__doc__ or "").partition("\n")[0],
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("mode", metavar="MODE", choices=list(PLANS), help=", ".join(PLANS))
    parser.add_argument(
        "--workers", metavar="N", help="a number or auto; for performance also a list: 2,4,auto"
    )
    parser.add_argument("--coverage", action="store_true", help="measure lines and branches")
    parser.add_argument(
        "--at-least", type=parse_percent, metavar="PERCENT", help="of lines; less is a failure"
    )
    parser.add_argument("--markers", metavar="EXPRESSION", help="only these tests: pytest's -m")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="tell more of each test")
    parser.add_argument("--dry-run", action="store_true", help="print the commands only")
    return parser


def parse_percent(text: str) -> float:
    """Read a percentage.

    :raises argparse.ArgumentTypeError: it is none.
    """
    percent = float(text.removesuffix("%")) if re.fullmatch(r"\d+(\.\d+)?%?", text) else -1.0
    if not 0 <= percent <= 100:  # noqa: PLR2004  per cent
        problem = f"{text!r} is no percentage; give a number from 0 to 100"
        raise argparse.ArgumentTypeError(problem)
    return percent


def find_problem(found: argparse.Namespace) -> str:
    """Return what is wrong with the options together, or an empty string."""
    word = r"(auto|logical|[1-9]\d*)"
    pattern = rf"{word}(,{word})*" if found.mode == "performance" else word
    if found.mode == "sequential" and found.workers:
        return "sequential has no workers; drop --workers, or say parallel"
    if found.workers and not re.fullmatch(pattern, found.workers):
        return f"--workers {found.workers} is no number of workers; give 1 or more, or auto"
    if found.mode == "performance" and found.coverage:
        return "coverage would be measured along with the tests; drop --coverage"
    if found.at_least is not None and not found.coverage:
        return "--at-least is about coverage; add --coverage"
    if found.coverage and importlib.util.find_spec("coverage") is None:
        return "coverage isn't installed; uv run --isolated --group cov python scripts/run_tests.py"
    return ""


def plan_sequential(found: argparse.Namespace, rest: Sequence[str]) -> list[Step]:
    """Plan a run in one process."""
    return plan_tests(found, "sequential", rest)


def plan_parallel(found: argparse.Namespace, rest: Sequence[str]) -> list[Step]:
    """Plan a run on workers."""
    workers = ("-n", found.workers) if found.workers else ()
    return plan_tests(found, "parallel", [*PARALLEL, *workers, *rest])


def plan_performance(found: argparse.Namespace, rest: Sequence[str]) -> list[Step]:
    """Plan the verb that measures both modes."""
    workers = ("--workers", found.workers) if found.workers else ()
    selection = [*choose(found), *rest]
    return [Step((sys.executable, "-m", "tests.infra", "measure", *workers, *selection))]


def plan_validate(found: argparse.Namespace, rest: Sequence[str]) -> list[Step]:
    """Plan the static check, the self-test and repeated runs; with coverage, both modes, too."""
    workers = found.workers or "4"
    repeated = [*PARALLEL, "-n", workers, f"--count={REPEATS}", *choose(found), *(rest or [SUITE])]
    steps = [
        Step((sys.executable, "-m", "tests.infra", "check", *SOURCES)),
        Step((sys.executable, "-m", "pytest", SELF_TEST)),
        Step((sys.executable, "-m", "pytest", *repeated)),
    ]
    if found.coverage:
        steps += [*plan_sequential(found, rest), *plan_parallel(found, rest)]
        files = ("coverage-sequential.json", "coverage-parallel.json")
        steps.append(Step((sys.executable, "scripts/compare_coverage.py", *files)))
    return steps


def plan_tests(found: argparse.Namespace, mode: str, args: Sequence[str]) -> list[Step]:
    """Plan a run of pytest and, if wanted, the reports on what it covered."""
    pytest = ("-m", "pytest", *args[:2], *choose(found), *args[2:])
    if not found.coverage:
        return [Step((sys.executable, *pytest))]
    coverage, data = (sys.executable, "-m", "coverage"), f"--data-file=.coverage.{mode}"
    report = f"coverage-{mode}"
    bar = ("--at-least", f"{found.at_least:g}") if found.at_least is not None else ()
    judge = (sys.executable, "scripts/compare_coverage.py", *bar, f"{report}.json")
    return [
        Step((*coverage, "erase", data)),
        Step((*coverage, "run", data, *pytest)),
        Step((*coverage, "combine", "--quiet", data), is_report=True),
        Step((*coverage, "xml", "--quiet", data, "-o", f"{report}.xml"), is_report=True),
        Step((*coverage, "json", "--quiet", data, "-o", f"{report}.json"), is_report=True),
        Step((*coverage, "html", "--quiet", data, "-d", f"htmlcov/{mode}"), is_report=True),
        Step(judge, is_report=True),
    ]


def choose(found: argparse.Namespace) -> list[str]:
    """Return pytest's arguments for what all modes know."""
    markers = ["-m", found.markers] if found.markers else []
    return [*markers, *(["-" + "v" * found.verbose] if found.verbose else [])]


def run(steps: Sequence[Step]) -> int:
    """Run them, and return the exit code of the first that failed."""
    code = 0
    for step in steps:
        if code and not step.is_report:
            continue
        print(render(step), flush=True)
        result = run_one(step)
        code = code or result
    return code


def run_one(step: Step) -> int:
    """Run a command; its end by a signal is told as a shell does."""
    try:
        code = subprocess.run(step.argv, cwd=ROOT, check=False).returncode
    except OSError as error:
        print(f"{step.argv[0]} can't be started: {error}", file=sys.stderr)
        return FAILURE
    return code if code >= 0 else FROM_SIGNAL - code


def render(step: Step) -> str:
    """Render a command as it can be typed in the repository."""
    python = os.path.relpath(step.argv[0], ROOT)
    shown = step.argv[0] if python.startswith("..") else python
    return f"$ {shlex.join([shown, *step.argv[1:]])}"


Plan = Callable[[argparse.Namespace, Sequence[str]], list[Step]]

PLANS: Final[dict[str, Plan]] = {
    "sequential": plan_sequential,
    "parallel": plan_parallel,
    "performance": plan_performance,
    "validate": plan_validate,
}

if __name__ == "__main__":
    sys.exit(main())
