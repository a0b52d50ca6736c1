"""The schedule of a run: what each worker ran in which order, and with which seeds and ids.

What ran beside what follows from the times.  Where schedules lie is known to `shelf`, how they are
run again to `replaying`.
"""

import importlib.util
import json
import os
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from .circumstances import Circumstances
from .errors import RecordError
from .records import RunRecord, Span

FORMAT: Final = "schedule"
VERSION: Final = 1

MASTER: Final = "master"
"""The one process of a run without workers."""

MICRO: Final = 1_000_000

OUTCOMES: Final = {
    "passed": "p",
    "failed": "f",
    "skipped": "s",
    "xfailed": "x",
    "xpassed": "X",
    "rerun": "r",
    "crashed": "c",
}
"""Outcome to its letter in the file."""

BAD: Final = ("failed", "crashed")

SHOWN_ID: Final = 8
"""How much of a run's id its header shows."""

CONFIG_FLAGS: Final = ("-c", "--config-file", "-p", "--rootdir", "-o", "--override-ini")
"""Options that decide which plugins pytest loads and where its cache lies; each has a value."""


class Step(NamedTuple):
    """One test in a worker's list; a tuple, because a run builds one for each test at its end."""

    nodeid: str
    nth: int
    """Number among the collected tests with the same node id, from 0 on."""
    start_s: float
    """Seconds after the run began, by the worker's clock."""
    stop_s: float
    outcome: str


@dataclass(frozen=True, slots=True)
class WorkerSchedule:
    """What one worker was, and ran."""

    worker_id: str
    slot: int
    pid: int
    """The number that its block of VMIDs was derived from."""
    first_vmid: int
    hash_seed: str
    """Empty where it was drawn by the interpreter, so that nobody knows it."""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """What all workers of a run ran."""

    run_id: str
    started: float
    worker_count: int
    """0 for a run in one process without workers."""
    run_seed: int
    randomly_seed: int | None
    """pytest-randomly's, where that seeded the tests."""
    arguments: tuple[str, ...]
    directory: str
    """Where pytest was called, relative to its root directory."""
    is_module: bool
    """Whether it was `python -m pytest`, which puts that directory into the search path."""
    circumstances: Circumstances
    workers: tuple[WorkerSchedule, ...]

    def count_bad(self) -> int:
        """Count the tests that failed or crashed."""
        return sum(step.outcome in BAD for worker in self.workers for step in worker.steps)

    def to_json(self) -> str:
        """Write the record: tests as columns, node ids once, what is asked most at the begin."""
        places: dict[str, int] = {}
        workers = [_render_worker(worker, places) for worker in self.workers]
        found = {
            "format": FORMAT,
            "version": VERSION,
            "bad": self.count_bad(),
            "run_id": self.run_id,
            "started": self.started,
            "worker_count": self.worker_count,
            "run_seed": self.run_seed,
            "randomly_seed": self.randomly_seed,
            "arguments": self.arguments,
            "directory": self.directory,
            "is_module": self.is_module,
            "circumstances": self.circumstances.to_object(),
            "workers": workers,
            "nodeids": list(places),
        }
        return json.dumps(found, separators=(",", ":"))


def parse_schedule(text: str) -> Schedule:
    """Read what `to_json` wrote.

    :raises RecordError: it is something else.
    """
    try:
        found = json.loads(text)
        if (found["format"], found["version"]) == (FORMAT, VERSION):
            return _build_schedule(found)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise RecordError(FORMAT, f"{type(error).__name__}: {error}") from error
    raise RecordError(FORMAT, f"it is of version {found['version']!r}, not {VERSION}")


def add_steps(workers: Iterable[WorkerSchedule], run: RunRecord) -> tuple[WorkerSchedule, ...]:
    """Give each worker what it ran, and leave those out that ran nothing."""
    numbers = _number(run.nodeids)
    lists: dict[str, list[Span]] = {}
    for span in sorted(run.spans, key=lambda span: span.start):
        lists.setdefault(span.worker_id, []).append(span)
    return tuple(
        replace(worker, steps=_build_steps(lists[worker.worker_id], numbers, run.started))
        for worker in workers
        if worker.worker_id in lists
    )


def build_replay_command(
    run: str, worker_id: str, nodeid: str, config_args: Sequence[str] = ()
) -> str:
    """Build the command that runs a worker's list again, up to a test.

    :param run: an id, or its begin, or the path of a schedule.
    :param worker_id: empty, or `master`, for all workers.
    :param nodeid: empty for the whole list.
    :param config_args: what `pick_config_args` picked.
    """
    # pytest-replay has an option of the same name.
    is_taken = importlib.util.find_spec("pytest_replay") and "no:replay" not in config_args
    blocked = ["-p", "no:replay"] if is_taken else []
    # pytest looks for its conftest near a file that stands apart, before it knows our options.
    chosen = [f"--replay={run}"] if os.sep in run else ["--replay", run]
    words = ["pytest", *config_args, *blocked, *chosen]
    if worker_id not in ("", MASTER):
        words += ["--worker", worker_id]
    if nodeid:
        words += ["--until", nodeid]
    return shlex.join(words)


def pick_config_args(arguments: Iterable[str]) -> list[str]:
    """Pick, from a run's arguments, those without which pytest would not find us or its cache."""
    picked: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in CONFIG_FLAGS:
            picked += [word, next(words, "")]
        elif word.partition("=")[0] in CONFIG_FLAGS or word[:2] in ("-c", "-p", "-o"):
            picked.append(word)
    return picked


def _number(nodeids: Sequence[str]) -> Mapping[int, int]:
    """Return position to number for tests whose node id came before; for most suites nothing."""
    if len(set(nodeids)) == len(nodeids):
        return {}
    seen: Counter[str] = Counter()
    numbers: dict[int, int] = {}
    for index, nodeid in enumerate(nodeids):
        numbers[index] = seen[nodeid]
        seen[nodeid] += 1
    return numbers


def _build_steps(
    spans: Iterable[Span], numbers: Mapping[int, int], started: float
) -> tuple[Step, ...]:
    """Build a worker's list; attempts of one test that follow each other are one step."""
    steps: list[Step] = []
    before = -1
    for span in spans:
        nth, start_s = numbers.get(span.index, 0), span.start - started
        if steps and span.index == before and span.nodeid == steps[-1].nodeid:
            start_s = steps.pop().start_s
        steps.append(Step(span.nodeid, nth, start_s, span.stop - started, span.outcome))
        before = span.index
    return tuple(steps)


def _render_worker(worker: WorkerSchedule, places: dict[str, int]) -> dict[str, object]:
    steps = worker.steps
    return {
        "worker_id": worker.worker_id,
        "slot": worker.slot,
        "pid": worker.pid,
        "first_vmid": worker.first_vmid,
        "hash_seed": worker.hash_seed,
        "tests": [places.setdefault(step.nodeid, len(places)) for step in steps],
        "nth": {number: step.nth for number, step in enumerate(steps) if step.nth},
        "start_us": [round(step.start_s * MICRO) for step in steps],
        "took_us": [round((step.stop_s - step.start_s) * MICRO) for step in steps],
        "outcomes": "".join(OUTCOMES[step.outcome] for step in steps),
    }


# Any: JSON of any shape; whatever doesn't fit raises on the way.
def _build_schedule(found: dict[str, Any]) -> Schedule:
    nodeids = [str(nodeid) for nodeid in found["nodeids"]]
    randomly_seed = found["randomly_seed"]
    return Schedule(
        run_id=str(found["run_id"]),
        started=float(found["started"]),
        worker_count=int(found["worker_count"]),
        run_seed=int(found["run_seed"]),
        randomly_seed=None if randomly_seed is None else int(randomly_seed),
        arguments=tuple(map(str, found["arguments"])),
        directory=str(found["directory"]),
        is_module=bool(found["is_module"]),
        circumstances=Circumstances.from_object(found["circumstances"]),
        workers=tuple(_build_worker(entry, nodeids) for entry in found["workers"]),
    )


# Any: as above.
def _build_worker(entry: dict[str, Any], nodeids: Sequence[str]) -> WorkerSchedule:
    names = {letter: outcome for outcome, letter in OUTCOMES.items()}
    columns = zip(
        entry["tests"], entry["start_us"], entry["took_us"], entry["outcomes"], strict=True
    )
    steps = tuple(
        Step(
            nodeid=nodeids[place],
            nth=int(entry["nth"].get(str(number), 0)),
            start_s=start_us / MICRO,
            stop_s=(start_us + took_us) / MICRO,
            outcome=names[letter],
        )
        for number, (place, start_us, took_us, letter) in enumerate(columns)
    )
    return WorkerSchedule(
        worker_id=str(entry["worker_id"]),
        slot=int(entry["slot"]),
        pid=int(entry["pid"]),
        first_vmid=int(entry["first_vmid"]),
        hash_seed=str(entry["hash_seed"]),
        steps=steps,
    )
