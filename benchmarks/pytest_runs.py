"""Runs of pytest in processes of their own: exit code, times, and what they leave behind.

What is run, and what the figures mean, is decided by the benchmarks.  A run carries a mark in its
environment, which all its processes inherit, so that a process it leaves behind is found.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
MARK: Final = "BENCHMARK_RUN"
GRACE_S: Final = 3.0
"""How long a process may outlive the pytest that started it."""

QUIET_PLUGINS: Final = ("-p", "xdist.plugin")
OURS: Final = ("-p", "tests.infra.plugin")


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter, and the directory that `tests.infra` comes from."""

    root: Path = ROOT
    executable: str = sys.executable
    has_autoload: bool = False
    """Whether pytest loads all plugins that are installed."""
    paths: Sequence[Path] = ()
    """More directories to import from."""

    def build_environ(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a run: this process's without what steers pytest."""
        dropped = ("PYTEST_", "PROXMOX_TEST_", "PYTHONDONTWRITEBYTECODE", "COV_", "WITNESS_")
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith(dropped)
        }
        environ["PYTHONPATH"] = os.pathsep.join(str(path) for path in (self.root, *self.paths))
        if not self.has_autoload:
            environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        return {**environ, **more}


class UnexpectedRunError(Exception):
    """A run did something else than the benchmark is about, so its figures mean nothing."""

    def __init__(self, who: str, finished: "Finished") -> None:
        super().__init__(who, finished)
        self.who = who
        self.finished = finished

    def __str__(self) -> str:
        command = " ".join(self.finished.command)
        return f"unexpected run of {self.who}: {command}\n{self.finished.output}"


@dataclass(frozen=True, slots=True)
class Finished:
    """What a run did."""

    command: Sequence[str]
    returncode: int
    """Negative: the number of the signal that ended it."""
    is_hung: bool
    """Whether it was ended because its time was up."""
    wall_s: float
    cpu_s: float
    """User and system time of pytest and of all processes that it waited for."""
    output: str
    leftovers: Sequence[str] = field(default_factory=tuple)
    """Command lines of processes that were still there a while after the run's end."""


def run_pytest(
    python: Python,
    args: Sequence[str],
    directory: Path,
    *,
    timeout_s: float = 600,
    environ: Mapping[str, str] | None = None,
) -> Finished:
    """Run pytest in `directory` to its end, or end it with all its processes after `timeout_s`."""
    mark = uuid.uuid4().hex
    command = [python.executable, "-m", "pytest", *args]
    with tempfile.TemporaryFile() as sink:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=python.build_environ({MARK: mark, **(environ or {})}),
            start_new_session=True,
        )
        start = time.monotonic()
        with _ended_after(timeout_s, mark) as is_ended:
            _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        sink.seek(0)
        output = sink.read().decode(errors="replace")
    return Finished(
        command=command,
        returncode=process.returncode,
        is_hung=is_ended.is_set(),
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        output=output,
        leftovers=_end_leftovers(mark),
    )


@contextlib.contextmanager
def _ended_after(timeout_s: float, mark: str) -> Iterator[threading.Event]:
    """End all processes with `mark` if the block takes longer; the event tells whether it did."""
    is_ended = threading.Event()

    def end() -> None:
        is_ended.set()
        for pid in _find_marked(mark):
            _kill(pid)

    timer = threading.Timer(timeout_s, end)
    timer.start()
    try:
        yield is_ended
    finally:
        timer.cancel()
        timer.join()


def _end_leftovers(mark: str) -> tuple[str, ...]:
    """Return the command lines of processes that outlived the run, and end them."""
    deadline = time.monotonic() + GRACE_S
    while (pids := _find_marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    lines = tuple(f"{pid}: {_read_command(pid)}" for pid in pids)
    for pid in pids:
        _kill(pid)
    return lines


def _find_marked(mark: str) -> list[int]:
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        # A process may end, or belong to somebody else, or be waited for by nobody (a zombie).
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and wanted in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


def _read_command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:200]
    except OSError:
        return "gone meanwhile"


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
