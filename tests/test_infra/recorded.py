"""Schedules of runs that never took place, as the tests of what reads them need them."""

from tests.infra.circumstances import Circumstances
from tests.infra.schedules import Schedule, Step, WorkerSchedule

RUN_ID = "0123456789abcdef"


def make_schedule(*lines: str, run_id: str = RUN_ID) -> Schedule:
    """Make a schedule from lines such as `gw0: a 0-2 b 2-3!`; `!` marks a test that failed."""
    workers = tuple(make_worker(line, slot) for slot, line in enumerate(lines))
    return Schedule(
        run_id=run_id,
        started=1_000.0,
        worker_count=0 if workers and workers[0].worker_id == "master" else len(workers),
        run_seed=42,
        randomly_seed=None,
        arguments=("-n", "2"),
        directory=".",
        is_module=True,
        circumstances=Circumstances(),
        workers=workers,
    )


def make_worker(line: str, slot: int) -> WorkerSchedule:
    """Make one worker's schedule."""
    worker_id, _, text = line.partition(": ")
    words = text.split()
    steps = tuple(map(make_step, words[::2], words[1::2]))
    return WorkerSchedule(worker_id, slot, 10 + slot, 1000 + 100 * slot, str(slot), steps)


def make_step(name: str, times: str) -> Step:
    """Make one test."""
    start, _, stop = times.rstrip("!").partition("-")
    outcome = "failed" if times.endswith("!") else "passed"
    return Step(f"t.py::{name}", 0, float(start), float(stop), outcome)
