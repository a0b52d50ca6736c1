"""Runs one pytest and measures it: times, processor time, memory, and each test's outcome.

The run has a cache of the campaign's own, so the user's `--lf` and history stay as they are; what
earlier runs of the campaign took is there for the scheduler and for `-n auto`.
"""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ..errors import RecordError
from ..records import read_object
from .specs import STOPWATCH, RunSpec, build_arguments, build_environ
from .tree import Usage, run_tree

SHOWN_OUTPUT: Final = 4000

CACHE: Final = "cache"
"""Pytest's cache directory, below the directory of the campaign."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run did and took; times are seconds by the wall clock where not said otherwise."""

    spec: RunSpec
    wall_s: float
    """From the start of the process to its end."""
    startup_s: float
    """From the start to the begin of the first test; all of it where no test began."""
    tests_s: float
    """From there to the end of the last test."""
    rest_s: float
    """From there to the end of the process."""
    cpu_s: float
    """Processor time of all processes together."""
    peak_memory_bytes: int
    """Of all processes together; 0 where psutil is not installed."""
    workers: int
    """How many there really were; 0 in one process."""
    exit_code: int
    outcomes: Mapping[str, str] = field(default_factory=dict)
    """Node id to outcome, as of a `Span`; a repeated test has its last one."""
    durations_s: Mapping[str, float] = field(default_factory=dict)
    """Node id to the sum of the test's phases by its own clock."""
    markers: Mapping[str, int] = field(default_factory=dict)
    """Marker to the number of its tests; of a run in one process only."""
    markexpr: str = ""
    """What `-m` came to, the ini file's included."""
    output: str = ""
    """The end of what pytest printed."""
    is_cut: bool = False
    """Whether it was ended because its time was up."""
    others_cpu_s: float = 0.0
    """What all other processes of the machine took meanwhile; 0 where psutil is not installed."""

    @property
    def is_complete(self) -> bool:
        """Whether pytest came to its end and ran something: it may have failed tests."""
        return self.exit_code in (0, 1) and bool(self.outcomes) and not self.is_cut


def measure_run(spec: RunSpec, directory: Path, *, timeout_s: float | None = None) -> Measured:
    """Run pytest once in the current directory, and measure it.

    :param directory: the campaign's own: cache, bytecode and output are below it.
    :param timeout_s: after this time the run is ended, and `is_cut`.
    :raises KeyboardInterrupt: all that was started has ended by then.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=directory) as own:
        note, output = Path(own) / "note.json", Path(own) / "output.txt"
        usage = run_tree(
            build_command(spec, directory, note),
            environ=build_environ(os.environ, directory / "bytecode"),
            output=output,
            timeout_s=timeout_s,
        )
        text = output.read_text(encoding="utf-8", errors="replace")[-SHOWN_OUTPUT:]
        return build_measured(spec, usage, read_note(note), text)


def build_command(spec: RunSpec, directory: Path, note: Path) -> list[str]:
    """Return the command of a measured run."""
    own = ["-p", STOPWATCH, f"--stopwatch={note}", "-o", f"cache_dir={directory / CACHE}"]
    if spec.category:
        own.append(f"--stopwatch-category={spec.category}")
    arguments = build_arguments(spec, directory=Path.cwd(), has_xdist=has_xdist(), own=own)
    return [sys.executable, "-m", "pytest", *arguments]


def build_measured(spec: RunSpec, usage: Usage, note: Mapping[str, Any], output: str) -> Measured:
    """Build the record of a run from what the system and the run itself tell."""
    began = _clamp(note.get("began"), usage, usage.ended)
    ended = _clamp(note.get("ended"), usage, began)
    durations_s: dict[str, float] = {}
    for nodeid, _, duration_s in note.get("tests", ()):
        durations_s[nodeid] = durations_s.get(nodeid, 0.0) + duration_s
    return Measured(
        spec=spec,
        wall_s=usage.ended - usage.began,
        startup_s=began - usage.began,
        tests_s=ended - began,
        rest_s=usage.ended - ended,
        cpu_s=usage.cpu_s,
        peak_memory_bytes=usage.peak_memory_bytes,
        workers=note.get("workers", 0),
        exit_code=usage.exit_code,
        outcomes={nodeid: outcome for nodeid, outcome, _ in note.get("tests", ())},
        durations_s=durations_s,
        markers=note.get("markers", {}),
        markexpr=note.get("markexpr", ""),
        output=output,
        is_cut=usage.is_cut,
        others_cpu_s=usage.others_cpu_s,
    )


# Any: the values of a note are JSON of any shape.
def read_note(path: Path) -> Mapping[str, Any]:
    """Read what the stopwatch wrote; a run that never came so far tells nothing."""
    try:
        return read_object("stopwatch's note", path.read_text(encoding="utf-8"))
    except (OSError, RecordError):
        return {}


def has_xdist() -> bool:
    """Tell whether pytest-xdist is installed."""
    return importlib.util.find_spec("xdist") is not None


def _clamp(moment: float | None, usage: Usage, missing: float) -> float:
    """Return a moment of the run, within it whatever a test did to the clock."""
    if moment is None:
        return missing
    return min(max(moment, usage.began), usage.ended)
