"""A command and all processes that it starts: their processor time, their memory, and their end.

Processor time is what the kernel has added up for processes that were waited for.  Those whose
parent did not wait come to us, where the system can hand them over (Linux), and are waited for
here; a process that ignores the end of its children hides their time from everybody.

Memory is looked at several times a second, so a peak between two looks is missed.  What processes
share is counted once (as proportional set size) where the system tells it, else once for each.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    import psutil

LOOK_S: Final = 0.2
GROWTH: Final = 1.05
"""Shared pages are told apart only when memory has grown by so much: it costs milliseconds."""
MERCY_S: Final = 5.0
"""How long a command that is interrupted may take to end by itself."""
LEFT_S: Final = 1.0
"""How long what the command has left behind may take to end by itself."""
LEFT_LOOK_S: Final = 0.01

GET_SUBREAPER: Final = 37
SET_SUBREAPER: Final = 36
"""prctl(2), PR_SET_CHILD_SUBREAPER."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a command and all its processes used."""

    began: float
    """By the monotonic clock, which all processes of a machine share; so is `ended`."""
    ended: float
    cpu_s: float
    """User and system time."""
    peak_memory_bytes: int
    """0 where psutil is not installed."""
    exit_code: int
    """Negative: the number of the signal that ended it."""
    is_cut: bool = False
    """Whether it was ended because its time was up."""
    others_cpu_s: float = 0.0
    """What all other processes of the machine took meanwhile; 0 where psutil is not installed."""


def run_tree(
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    output: Path,
    timeout_s: float | None = None,
) -> Usage:
    """Run a command to its end; nothing that it started is left then, whatever happens.

    :param output: the file for what it prints.
    :raises KeyboardInterrupt: it was interrupted; all has ended by then.
    """
    with output.open("wb") as sink, _adopting():
        busy_s, began = _read_busy_s(), time.monotonic()
        process = subprocess.Popen(  # noqa: S603  what the user asked to measure
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            # A terminal's interrupt reaches us only, and a group of its own can be ended whole.
            start_new_session=True,
        )
        watch = Watch(process.pid, timeout_s)
        try:
            with watch:
                cpu_s = _wait(process)
                busy_s, ended = _read_busy_s() - busy_s, time.monotonic()
        except BaseException:
            _interrupt(process)
            raise
        finally:
            rest_s = _end_rest(process.pid, watch)
    return Usage(
        began=began,
        ended=ended,
        cpu_s=cpu_s + rest_s,
        peak_memory_bytes=watch.peak_bytes,
        exit_code=process.returncode,
        is_cut=watch.is_cut,
        others_cpu_s=max(0.0, busy_s - cpu_s),
    )


@dataclass(slots=True)
class Watch:
    """A thread that looks at the processes while they live."""

    pid: int
    timeout_s: float | None
    peak_bytes: int = 0
    is_cut: bool = False
    _largest: int = 0
    _seen: "dict[int, psutil.Process]" = field(default_factory=dict)
    _done: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, daemon=True, name="memory watch")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        assert self._thread is not None
        self._thread.join()

    def kill_seen(self) -> None:
        """End the processes that were seen and still live, also those with a group of their own."""
        for process in self.list_living():
            # It may end while it is looked at, or be somebody else's by its rights.
            with contextlib.suppress(Exception):
                process.kill()

    def list_living(self) -> "list[psutil.Process]":
        """Return those that still run: a zombie only waits to be waited for."""
        living = []
        for process in self._seen.values():
            # It may end while it is looked at.
            with contextlib.suppress(Exception):
                if process.is_running() and process.status() != "zombie":
                    living.append(process)
        return living

    def _watch(self) -> None:
        deadline = None if self.timeout_s is None else time.monotonic() + self.timeout_s
        while not self._done.wait(LOOK_S):
            with contextlib.suppress(ImportError):
                self._look()
            if deadline is not None and time.monotonic() > deadline:
                self.is_cut = True
                _kill_group(self.pid)
                deadline = None

    def _look(self) -> None:
        import psutil  # noqa: PLC0415  an optional package

        with contextlib.suppress(psutil.Error):
            top = psutil.Process(self.pid)
            self._seen |= {one.pid: one for one in (top, *top.children(recursive=True))}
        living = self.list_living()
        size = sum(_read_memory(living, "rss"))
        if size > self._largest * GROWTH:
            self._largest = size
            exact = sum(_read_memory(living, "pss"))
            self.peak_bytes = max(self.peak_bytes, exact or size)


def _read_memory(processes: "Sequence[psutil.Process]", kind: str) -> Iterator[int]:
    """Read the sizes of processes; of those that end meanwhile, nothing."""
    for process in processes:
        with contextlib.suppress(Exception):
            facts = process.memory_full_info() if kind == "pss" else process.memory_info()
            yield int(getattr(facts, kind, 0))


def _read_busy_s() -> float:
    """Read how long the machine's processors have been busy for processes; 0 where nobody tells."""
    try:
        import psutil  # noqa: PLC0415  an optional package
    except ImportError:
        return 0.0
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0))


def _wait(process: "subprocess.Popen[bytes]") -> float:
    """Wait for the command; return the processor time of it and of all that was waited for."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def _interrupt(process: "subprocess.Popen[bytes]") -> None:
    """Interrupt a command as a person would, and give it time to end."""
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(MERCY_S)
    if process.returncode is None:
        process.kill()
        process.wait()


def _end_rest(group: int, watch: Watch) -> float:
    """End what the command left behind, which may end by itself for a while.

    Return the processor time of what was waited for: workers that nobody else waits for, and more.
    """
    cpu_s = 0.0
    deadline = time.monotonic() + LEFT_S
    while _has_members(group) or watch.list_living():
        cpu_s += _reap(group, os.WNOHANG)
        if time.monotonic() > deadline:
            watch.kill_seen()
            _kill_group(group)
            break
        time.sleep(LEFT_LOOK_S)
    return cpu_s + _reap(group, 0)


def _reap(group: int, options: int) -> float:
    """Wait for children of ours in a group; return the processor time of those that ended."""
    cpu_s = 0.0
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, _, usage = os.wait4(-group, options)
            if not pid:
                break
            cpu_s += usage.ru_utime + usage.ru_stime
    return cpu_s


def _has_members(group: int) -> bool:
    """Tell whether a group has processes; zombies count until they are waited for."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # macOS says so of a group of zombies.
        return sys.platform != "darwin"
    return True


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


@contextlib.contextmanager
def _adopting() -> Iterator[None]:
    """Become the parent of processes whose own one has gone, where the system knows that."""
    if sys.platform != "linux":
        yield
        return
    libc = ctypes.CDLL(None)
    before = ctypes.c_int(0)
    libc.prctl(GET_SUBREAPER, ctypes.byref(before), 0, 0, 0)
    libc.prctl(SET_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(SET_SUBREAPER, before.value, 0, 0, 0)
