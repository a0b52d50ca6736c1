"""How soon a run stops: tests that ran although the third one failed and `-x` was given."""

import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pytest_runs import Python, UnexpectedRunError, run_pytest
from witness import CONFTEST, DIRECTORY, read_testimony

from scheduling.contenders import FORGETFUL, LOAD, WHOLE, WORKSTEAL, Contender, Section

CONTENDERS: Final = (WHOLE, FORGETFUL, LOAD, WORKSTEAL)
BARS: Final = {WHOLE: 10, FORGETFUL: 10}
TESTS: Final = 400
FILES: Final = 20
FAILING: Final = 2
"""Position of the failing test in the collection: the third."""
SUITES: Final[Mapping[str, float]] = {"empty": 0.0, "10 ms": 0.010}


def measure(python: Python, rounds: int) -> Section:
    """Measure all contenders in turns, on empty and on short tests."""
    lines = [
        f"{TESTS} tests, the third one fails, `-n 2 -x`; tests that began, in {rounds} rounds. "
        "The whole plugin knows past durations and what failed last from the second round on.",
        "",
        "| tests | contender | first round | median | most | bar |",
        "|---|---|---|---|---|---|",
    ]
    missed: list[str] = []
    for name, sleep_s in SUITES.items():
        for contender, ran in alternate(python, sleep_s, rounds).items():
            bar = str(BARS.get(contender, ""))
            middle = round(statistics.median(ran))
            lines.append(
                f"| {name} | {contender.name} | {ran[0]} | {middle} | {max(ran)} | {bar} |"
            )
            if contender in BARS and max(ran) > BARS[contender]:
                missed.append(f"{contender.name}, {name}: {max(ran)} tests ran, bar {bar}")
    return Section("-x: how soon a run stops", lines, missed)


def alternate(python: Python, sleep_s: float, rounds: int) -> dict[Contender, list[int]]:
    """Return how many tests each contender ran, round by round."""
    found: dict[Contender, list[int]] = {one: [] for one in CONTENDERS}
    with tempfile.TemporaryDirectory(prefix="stop-") as name:
        directory = Path(name)
        write_suite(directory, sleep_s)
        for _ in range(rounds):
            for one in CONTENDERS:
                found[one].append(count_run(python, directory, one))
    return found


def write_suite(directory: Path, sleep_s: float) -> None:
    """Write the tests into files, with the witness."""
    (directory / "pytest.ini").write_text("[pytest]\n")
    (directory / "conftest.py").write_text(CONFTEST)
    size = TESTS // FILES
    for number in range(FILES):
        numbers = range(number * size, (number + 1) * size)
        (directory / f"test_file{number:02}.py").write_text(render_file(numbers, sleep_s))


def render_file(numbers: Sequence[int], sleep_s: float) -> str:
    """Render the tests of one file."""
    body = f"time.sleep({sleep_s})" if sleep_s else "pass"
    tests = [
        f"def test_{number:03}():\n    {body}\n    assert {number} != {FAILING}\n"
        for number in numbers
    ]
    return "import time\n\n" + "\n".join(tests)


def count_run(python: Python, directory: Path, contender: Contender) -> int:
    """Run the suite, and return how many of its tests began."""
    with tempfile.TemporaryDirectory(dir=directory) as witness:
        environ = {DIRECTORY: witness, "PROXMOX_TEST_INFRA_DIR": str(directory / "infra")}
        cache = f"cache_dir=.cache-{CONTENDERS.index(contender)}"
        args = contender.build_args(2, "-x", "-o", cache)
        finished = run_pytest(python, args, directory, environ=environ)
        testimony = read_testimony(Path(witness))
    if "1 failed" not in finished.output:
        raise UnexpectedRunError(contender.name, finished)
    return len(testimony.seen) + len(testimony.unended)
