"""What distributing costs: processor time of controller and workers over empty tests."""

import statistics
import tempfile
from pathlib import Path
from typing import Final

from pytest_runs import Python, UnexpectedRunError, run_pytest

from scheduling.contenders import (
    ALONE,
    BENCHMARKS,
    GUARDED,
    LOAD,
    LOADGROUP,
    WHOLE,
    WORKSTEAL,
    Contender,
    Ratio,
    Section,
)

CONTENDERS: Final = (LOAD, ALONE, WHOLE, GUARDED, WORKSTEAL, LOADGROUP)
BARS: Final = {ALONE: 1.05, WHOLE: 1.10}
TESTS_PER_FILE: Final = 100
PER_TEST: Final = 1e6


def measure(python: Python, rounds: int, sizes: tuple[int, ...]) -> Section:
    """Measure all contenders in turns, for each size of suite and number of workers."""
    lines = [
        f"Processor time of all processes, user and system; medians of {rounds} alternating "
        "rounds after one that is not measured (it also writes the history). "
        "`ratio`: of the medians to bare load's; `paired`: median of each round's own ratio.",
        "",
        "| tests | workers | contender | CPU | ratio | paired | µs a test more | bar |",
        "|---|---|---|---|---|---|---|---|",
    ]
    missed: list[str] = []
    for tests in sizes:
        for workers in (2, 4):
            found = alternate(python, tests, workers, rounds)
            lines += [render_row(found, one, tests, workers) for one in CONTENDERS]
            missed += find_missed(found, tests, workers)
    return Section("Empty tests: what distributing costs", lines, missed)


def alternate(
    python: Python, tests: int, workers: int, rounds: int
) -> dict[Contender, list[float]]:
    """Return the processor seconds of each contender, round by round."""
    found: dict[Contender, list[float]] = {one: [] for one in CONTENDERS}
    with tempfile.TemporaryDirectory(prefix="empty-") as name:
        directory = Path(name)
        write_suite(directory, tests)
        for number in range(rounds + 1):
            # Nobody is always the first, or always after the greediest.
            shift = number % len(CONTENDERS)
            for one in (*CONTENDERS[shift:], *CONTENDERS[:shift]):
                cpu_s = measure_cpu_s(python, directory, one, tests, workers)
                if number:
                    found[one].append(cpu_s)
    return found


def write_suite(directory: Path, tests: int) -> None:
    """Write files of plain empty tests."""
    (directory / "pytest.ini").write_text("[pytest]\n")
    body = "".join(f"def test_{number:02}(): pass\n" for number in range(TESTS_PER_FILE))
    for number in range(tests // TESTS_PER_FILE):
        (directory / f"test_file{number:03}.py").write_text(body)


def measure_cpu_s(
    python: Python, directory: Path, contender: Contender, tests: int, workers: int
) -> float:
    """Run the suite once; each contender has a cache of its own."""
    cache = f"cache_dir=.cache-{CONTENDERS.index(contender)}"
    args = contender.build_args(workers, "-o", cache)
    environ = {"PROXMOX_TEST_INFRA_DIR": str(directory / "infra")}
    with_benchmarks = Python(python.root, python.executable, paths=[BENCHMARKS])
    finished = run_pytest(with_benchmarks, args, directory, environ=environ)
    if f"{tests} passed" not in finished.output:
        raise UnexpectedRunError(contender.name, finished)
    return finished.cpu_s


def render_row(
    found: dict[Contender, list[float]], contender: Contender, tests: int, workers: int
) -> str:
    """Render a contender's row."""
    ratio = Ratio(found[contender], found[LOAD])
    median = statistics.median(found[contender])
    more = (median - statistics.median(found[LOAD])) / tests * PER_TEST
    bar = f"{BARS[contender]:.2f}" if contender in BARS else ""
    return (
        f"| {tests} | {workers} | {contender.name} | {median:.2f} s | {ratio.of_medians:.3f} | "
        f"{ratio.paired:.3f} | {more:+.0f} | {bar} |"
    )


def find_missed(found: dict[Contender, list[float]], tests: int, workers: int) -> list[str]:
    """Return a sentence for each bar that was missed."""
    return [
        f"{one.name} took {Ratio(found[one], found[LOAD]).paired:.3f} times bare load "
        f"({tests} tests, -n {workers}; bar {bar:.2f})"
        for one, bar in BARS.items()
        if Ratio(found[one], found[LOAD]).exceeds(bar)
    ]
