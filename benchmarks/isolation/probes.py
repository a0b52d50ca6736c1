"""Whether each planted leak is one: seen by a last test, and not seen without the culprit.

No guard takes part; what one finds is judged in `judging`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from planted import Plant
from pytest_runs import Python
from suites import NEIGHBOURS, make_place, read_outcomes, run_suite

PROBE: Final = "test_zz_probe.py"
PROBE_ID: Final = f"{PROBE}::test_probe"


def find_fault(python: Python, plant: Plant, work: Path) -> str:
    """Return what is wrong with a plant; empty where it leaks as it should."""
    files = {**plant.build_files(), PROBE: plant.build_probe()}
    options = drop_workers(plant.options)
    place = make_place(work / plant.name, files)
    whole = run_suite(python, place, [*NEIGHBOURS, *options])
    outcomes = read_outcomes(whole.output)
    wrong = [name for name, word in outcomes.items() if word in ("FAILED", "ERROR")]
    if wrong or outcomes.get(PROBE_ID) != "PASSED":
        return f"the probe saw no leak, or a test failed:\n{whole.output}"
    place = make_place(work / plant.name, files)
    alone = run_suite(python, place, [*NEIGHBOURS, *options, PROBE])
    if read_outcomes(alone.output).get(PROBE_ID) != "FAILED":
        return f"the probe saw a leak without the culprit:\n{alone.output}"
    return ""


def drop_workers(options: Sequence[str]) -> Sequence[str]:
    """Return the options of a run in one process and once: the probe must meet the culprit."""
    return () if tuple(options) in (("-n", "2"), ("--count=2",)) else options
