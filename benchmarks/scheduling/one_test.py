"""What the parallel configuration costs a run of one test, as an editor starts it."""

import re
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_runs import Python, UnexpectedRunError, run_pytest

from scheduling.contenders import Ratio, Section

NODEID: Final = "tests/test_infra/test_errors.py::test_timeout_names_the_holder"
BAR: Final = 1.10
PARALLEL: Final = ("-c", "pytest-parallel.ini")
SEQUENTIAL: Final = ("-p", "no:xdist")
PATIENCE: Final = 60


@dataclass(frozen=True, slots=True)
class Times:
    """What the runs of one configuration took, round by round."""

    wall_s: list[float]
    cpu_s: list[float]


def measure(python: Python, rounds: int) -> Section:
    """Measure both configurations in turns, in the repository itself."""
    parallel, sequential = alternate(python, rounds)
    wall = Ratio(parallel.wall_s, sequential.wall_s)
    cpu = Ratio(parallel.cpu_s, sequential.cpu_s)
    lines = [
        f"`pytest -c pytest-parallel.ini …::one_test` against `pytest -p no:xdist …::one_test` "
        f"in this repository, {rounds} alternating rounds after one that is not measured.",
        "",
        "| | parallel | sequential | ratio | paired | bar |",
        "|---|---|---|---|---|---|",
        render_row("wall time", wall),
        render_row("processor time", cpu),
    ]
    missed = [
        f"{name}: {ratio.of_medians:.3f}, bar {BAR:.2f}"
        for name, ratio in (("wall time", wall), ("processor time", cpu))
        if ratio.exceeds(BAR)
    ]
    return Section("One test", lines, missed)


def alternate(python: Python, rounds: int) -> tuple[Times, Times]:
    """Return the times of both configurations; they share nothing but the repository."""
    found = Times([], []), Times([], [])
    with tempfile.TemporaryDirectory(prefix="one-test-") as name:
        for number in range(rounds + 1):
            for times, args in zip(found, (PARALLEL, SEQUENTIAL), strict=True):
                wall_s, cpu_s = run_once(python, args, Path(name))
                if number:
                    times.wall_s.append(wall_s)
                    times.cpu_s.append(cpu_s)
    return found


def run_once(python: Python, args: Sequence[str], directory: Path) -> tuple[float, float]:
    """Run the test in the repository's root, with all plugins that are installed."""
    side = "parallel" if args == PARALLEL else "sequential"
    environ = {"PROXMOX_TEST_INFRA_DIR": str(directory / "infra")}
    loaded = Python(python.root, python.executable, has_autoload=True)
    cache = f"cache_dir={directory / side}"
    command = [*args, "-q", "-o", cache, NODEID]
    finished = run_pytest(loaded, command, python.root, timeout_s=PATIENCE, environ=environ)
    if finished.returncode or not re.search(r"\b1 passed", finished.output):
        raise UnexpectedRunError(side, finished)
    return finished.wall_s, finished.cpu_s


def render_row(name: str, ratio: Ratio) -> str:
    """Render a row of the table."""
    ours, theirs = statistics.median(ratio.ours), statistics.median(ratio.theirs)
    return (
        f"| {name} | {ours:.3f} s | {theirs:.3f} s | {ratio.of_medians:.3f} | "
        f"{ratio.paired:.3f} | {BAR:.2f} |"
    )
