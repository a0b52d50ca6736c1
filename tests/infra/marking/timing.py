"""What tests take: from the history of past runs, or from runs with a stopwatch, made now.

What follows from it is decided in `deciding`.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import pytest

from ..archive import DURATIONS_FILE, find_directory, read_history
from ..errors import CollectionFailedError
from .categories import Borders, Timing
from .deciding import is_near

STOPWATCH: Final = f"{__package__}.stopwatch"

REPETITIONS: Final = 2
"""How often tests near a border are measured again; with the first time that makes a median."""

NEARLY: Final = 2.0
"""A test is measured again when it is within this factor of a border."""

LATE: Final = 10.0
"""Up to this many times the unit border, what is imported late may be all that took so long."""

FAILED_TO_RUN: Final = (2, 3, 4)
"""Pytest's exit codes for interrupted, internal and usage errors."""


class Progress(Protocol):
    """Where one hears how far the work is."""

    def tell(self, text: str) -> None:
        """Say something that stays."""


def read_timings(config: pytest.Config) -> dict[str, Timing]:
    """Return what past runs tell of each test; nothing where there is no history."""
    named = config.getoption("durations_file", None) or config.getoption("durations_path", None)
    path = config.rootpath / str(named) if named else config.rootpath / DURATIONS_FILE
    history = read_history(find_directory(config), path if path.is_file() else None)
    timings = {name: Timing((cost_s,)) for name, cost_s in history.foreign.items()}
    for nodeid, past in history.tests.items():
        if past.durations_us:
            timings[nodeid] = Timing(tuple(one / 1e6 for one in past.durations_us))
    return timings


def measure(
    arguments: Sequence[str], borders: Borders, progress: Progress
) -> tuple[dict[str, Timing], float]:
    """Run the suite with a stopwatch, and again what is near a border; return that and how long.

    :param arguments: pytest's; they have to keep it in one process.

    :raises CollectionFailedError: pytest couldn't run the tests.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mark-") as name:
        directory = Path(name)
        timings = run_stopwatch(arguments, directory)
        progress.tell(f"measured {len(timings)} tests in {time.monotonic() - began:.1f} s")
        near = find_near(timings, borders)
        for _ in range(REPETITIONS if near else 0):
            # Turned around each time: the first test of a process pays for what is imported late.
            near.reverse()
            timings = join(timings, run_stopwatch(arguments, directory, near))
        if near:
            progress.tell(f"measured {len(near)} tests near a border {REPETITIONS} times more")
    return timings, time.monotonic() - began


def find_near(timings: Mapping[str, Timing], borders: Borders) -> list[str]:
    """Return the tests whose category another measurement could change."""
    return [
        nodeid
        for nodeid, timing in timings.items()
        if timing.median_s is not None
        and (
            borders.unit_s / NEARLY < timing.median_s < borders.unit_s * LATE
            or is_near(timing.median_s, borders.slow_s, NEARLY)
        )
    ]


def join(first: Mapping[str, Timing], second: Mapping[str, Timing]) -> dict[str, Timing]:
    """Take two measurements together."""
    joined = dict(first)
    for nodeid, other in second.items():
        one = first.get(nodeid)
        joined[nodeid] = _join_one(one, other) if one else other
    return joined


def choose_slowest(
    nodeids: Iterable[str], timings: Mapping[str, Timing]
) -> tuple[Timing | None, str]:
    """Return what the slowest test of a function took, and its parameter set if it has one."""
    known = [(timings[nodeid], nodeid) for nodeid in nodeids if nodeid in timings]
    if not known:
        return None, ""
    timing, nodeid = max(known, key=lambda pair: (pair[0].waited_s or 0, pair[0].median_s or -1))
    longest = max(known, key=lambda pair: pair[0].median_s or -1)
    if (timing.waited_s or 0) < (longest[0].median_s or 0) / 2:
        timing, nodeid = longest
    parameters = nodeid.partition("[")[2].removesuffix("]")
    return timing, parameters if len(known) > 1 else ""


def run_stopwatch(
    arguments: Sequence[str], directory: Path, only: Sequence[str] | None = None
) -> dict[str, Timing]:
    """Run pytest once, in one process, with a cache of its own.

    :raises CollectionFailedError: pytest couldn't run the tests.
    """
    times, chosen = directory / "times.json", directory / "chosen.json"
    times.unlink(missing_ok=True)
    chosen.write_text(json.dumps(only), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "pytest", *build_arguments(times, directory), *arguments),
        *([f"--stopwatch-only={chosen}"] if only is not None else []),
    ]
    with (directory / "output.txt").open("w+b") as output:
        code = subprocess.run(  # noqa: S603  the user's own pytest with the user's own arguments
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        ).returncode
        output.seek(0)
        text = output.read().decode(errors="replace")
    if not times.exists() or (code in FAILED_TO_RUN and times.stat().st_size <= len("{}")):
        raise CollectionFailedError(text)
    found = json.loads(times.read_text(encoding="utf-8"))
    return {nodeid: build_timing(lap) for nodeid, lap in found.items()}


def build_arguments(times: Path, directory: Path) -> list[str]:
    """Return the arguments of a run that is timed."""
    return [
        *("-p", STOPWATCH, f"--stopwatch={times}", "-o", f"cache_dir={directory / 'cache'}"),
        *("--continue-on-collection-errors", "-q"),
    ]


def build_timing(lap: Mapping[str, object]) -> Timing:
    """Read one test of the stopwatch's file; one that was skipped took no time worth knowing."""
    is_skipped = lap["outcome"] == "skipped"
    return Timing(
        durations_s=() if is_skipped else (max(0.0, float(str(lap["duration_s"]))),),
        waited_s=None if is_skipped else float(str(lap["waited_s"])),
        connections=int(str(lap["connections"])),
        processes=int(str(lap["processes"])),
        is_skipped=is_skipped,
    )


def _join_one(one: Timing, other: Timing) -> Timing:
    waits = [timing.waited_s for timing in (one, other) if timing.waited_s is not None]
    return Timing(
        durations_s=(*one.durations_s, *other.durations_s),
        waited_s=min(waits) if waits else None,
        connections=min(one.connections, other.connections),
        processes=min(one.processes, other.processes),
        is_skipped=one.is_skipped and other.is_skipped,
    )
