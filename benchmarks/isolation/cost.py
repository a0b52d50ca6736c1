"""What the guard's first tier costs a test: many empty tests with and without it, in turns.

The table is put into `guard.md` by `guard`.
"""

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_runs import OURS, Python
from suites import Place, make_place, run_suite

BAR_US: Final = 40
MODULES: Final = 20
ARGS: Final = ("-p", "no:cacheprovider", *OURS)


@dataclass(frozen=True, slots=True)
class Round:
    """One run with the guard and one without, in seconds."""

    off_cpu_s: float
    on_cpu_s: float
    off_wall_s: float
    on_wall_s: float


def measure(python: Python, work: Path, *, tests: int, rounds: int) -> list[Round]:
    """Alternate runs without and with the guard, after one round that is not counted."""
    each = tests // MODULES
    text = "".join(f"def test_{number}(): pass\n" for number in range(each))
    files = {f"test_{number:02}.py": text for number in range(MODULES)}
    place = make_place(work / "cost", {"pytest.ini": "[pytest]\n", **files})
    return [_measure_round(python, place) for _ in range(rounds + 1)][1:]


def render(rounds: list[Round], tests: int) -> str:
    """Render the figures; the median of the differences is what a slow phase disturbs least."""
    cpu_us = 1e6 / tests * statistics.median(one.on_cpu_s - one.off_cpu_s for one in rounds)
    wall_us = 1e6 / tests * statistics.median(one.on_wall_s - one.off_wall_s for one in rounds)
    off = statistics.median(one.off_cpu_s for one in rounds)
    on = statistics.median(one.on_cpu_s for one in rounds)
    best_us = (
        1e6 / tests * (min(one.on_cpu_s for one in rounds) - min(one.off_cpu_s for one in rounds))
    )
    verdict = "kept" if cpu_us <= BAR_US else "missed"
    return (
        f"{tests} empty tests in {MODULES} modules, one process, {len(rounds)} alternating rounds: "
        f"{off:.2f} s of processor time with `--isolation=off`, {on:.2f} s with "
        f"`--isolation=report` (medians). The median difference is **{cpu_us:.1f} µs a test** "
        f"({wall_us:.1f} µs by the clock on the wall, {best_us:.1f} µs between the fastest runs of "
        f"both); the bar of {BAR_US} µs is {verdict}.\n"
    )


def _measure_round(python: Python, place: Place) -> Round:
    off, on = (
        run_suite(python, place, [*ARGS, f"--isolation={mode}", "-r", "N"], timeout_s=300)
        for mode in ("off", "report")
    )
    return Round(off.cpu_s, on.cpu_s, off.wall_s, on.wall_s)
