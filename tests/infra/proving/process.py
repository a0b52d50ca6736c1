"""One pass, in a process of its own: started, watched, ended, and what it left behind.

Its output, cache and journal are in a directory of its own; the user's cache is not touched.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, Final

from ..leaks import Leak, read_leaks
from .journal import ENDED_MARK, Account, read_journal
from .plan import Pass

POLL_S: Final = 0.1
MERCY_S: Final = 10.0
"""How long a pass that is interrupted may take to end its test and tear down."""

SHOWN_OUTPUT: Final = 4000


class Ending(Enum):
    """How a pass came to its end."""

    COMPLETE = "complete"
    CUT = "ended early"
    """Pytest itself ended before all tests had run."""
    DIED = "died"
    """The interpreter did not come to its end."""
    HUNG = "hung"
    OUT_OF_BUDGET = "out of budget"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Result:
    """What a pass did."""

    item: Pass
    account: Account
    ending: Ending
    duration_s: float
    output: str = ""
    """The end of what pytest printed."""
    leaks: Sequence[Leak] = ()
    data_file: Path | None = None
    """Where coverage was told to keep its data."""

    @property
    def tests_s(self) -> float:
        """What its tests took, by their own clocks."""
        return sum(occurrence.duration_s for occurrence in self.account.occurrences)


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a pass is ended, in seconds after its begin, and what that is called."""

    after_s: float
    ending: Ending


@dataclass(frozen=True, slots=True)
class Job:
    """A pass, ready to be started."""

    item: Pass
    arguments: Sequence[str]
    environ: Mapping[str, str]
    directory: Path
    deadline: Deadline | None = None

    @property
    def journal(self) -> Path:
        """Where the pass notes how its tests go."""
        return self.directory / "journal.jsonl"

    @property
    def cache(self) -> Path:
        """Pytest's cache directory of the pass."""
        return self.directory / "cache"


def build_own_arguments(directory: Path) -> list[str]:
    """Return the arguments that keep a pass within its directory."""
    return [f"--journal={directory / 'journal.jsonl'}", "-o", f"cache_dir={directory / 'cache'}"]


def run_pass(job: Job, watch: Callable[[int], None]) -> Result:
    """Run a pass; `watch` hears how many tests have ended, several times a second.

    An interrupt ends the pass, not this function: it returns what was done.
    """
    job.directory.mkdir(parents=True, exist_ok=True)
    output = job.directory / "output.txt"
    data_file = job.directory / "coverage"
    environ = {**job.environ, "COVERAGE_FILE": str(data_file)}
    began = time.monotonic()
    with output.open("wb") as sink, _start(job.arguments, environ, sink) as process:
        ending = _watch(process, job, watch)
    took_s = time.monotonic() - began
    account = read_journal(job.journal)
    return Result(
        item=job.item,
        account=account,
        ending=ending or judge_end(account, job.item),
        duration_s=took_s,
        output=output.read_text(encoding="utf-8", errors="replace")[-SHOWN_OUTPUT:],
        leaks=read_leaks(job.cache / "d" / "infra" / "leaks.json"),
        data_file=data_file if data_file.exists() else None,
    )


def judge_end(account: Account, item: Pass) -> Ending:
    """Tell how a pass ended that nobody ended."""
    if account.exit_code is None:
        return Ending.DIED
    expected = len(account.nodeids) * item.runs - len(account.single)
    return Ending.COMPLETE if len(account.occurrences) >= expected else Ending.CUT


@contextlib.contextmanager
def _start(
    arguments: Sequence[str], environ: Mapping[str, str], sink: IO[bytes]
) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(  # noqa: S603  the user's own pytest with the user's own arguments
        [sys.executable, "-m", "pytest", *arguments],
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=sink,
        stderr=subprocess.STDOUT,
        # A terminal's interrupt reaches us only; the pass hears it from us, once.
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            _kill_group(process)


def _watch(
    process: "subprocess.Popen[bytes]", job: Job, watch: Callable[[int], None]
) -> Ending | None:
    """Wait for the end; return why it was ended, or None where it ended by itself."""
    began = time.monotonic()
    counter = _Counter(job.journal)
    try:
        while process.poll() is None:
            watch(counter.count())
            if job.deadline and time.monotonic() - began > job.deadline.after_s:
                _end(process)
                return job.deadline.ending
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLL_S)
    except KeyboardInterrupt:
        with contextlib.suppress(KeyboardInterrupt):
            _end(process)
        return Ending.INTERRUPTED
    watch(counter.count())
    return None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Interrupt a pass as a person would, and give it time to tear down."""
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(MERCY_S)
    _kill_group(process)


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    """End what is left of a pass: itself, its workers, and what its tests have started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class _Counter:
    """Counts the tests that have ended, reading only what is new in the journal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._count = 0

    def count(self) -> int:
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._offset)
                new = file.read()
            whole = new.rfind(b"\n") + 1
            self._offset += whole
            self._count += new[:whole].count(ENDED_MARK)
        return self._count
