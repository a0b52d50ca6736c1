"""SIGUSR1: who runs what, for how long, on which worker, told while the run goes on.

The text is built in `report`; who runs what is known by the recorder, what waits by the scheduler.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final, Self

STDERR: Final = 2

PROC_STATUS: Final = Path("/proc/self/status")
"""Tells on Linux which signals are caught, also by handlers that Python does not know of."""


@dataclass(frozen=True, slots=True)
class Running:
    """A test that runs now."""

    worker_id: str
    nodeid: str
    since: float
    """When it began, by `time.monotonic()` of the process that tells it."""
    expected_s: float | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """What a run is doing."""

    running: tuple[Running, ...] = ()
    waiting: int = 0
    """How many tests have not begun."""
    held: Mapping[str, int] = field(default_factory=dict)
    """Lane to the number of those that wait for it."""


class StatusSignal:
    """A handler of SIGUSR1 that writes one text; `close` puts the old handler back.

    The handler runs in the main thread between two steps of whatever goes on there, so the text
    goes out by one `os.write`: a buffered stream may be in the middle of a write of its own.  The
    descriptor is a duplicate made when the run is configured, before pytest redirects the
    original to capture what tests write.
    """

    def __init__(self, get_text: Callable[[float], str], *, descriptor: int = STDERR) -> None:
        self._get_text = get_text
        self._descriptor = os.dup(descriptor)
        self._pid = os.getpid()
        self._old = signal.signal(signal.SIGUSR1, self._write)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Put the old handler back, unless somebody else has put one there since."""
        if self._descriptor < 0:
            return
        # A bound method is a new object at each access, equal to the one that was installed.
        if signal.getsignal(signal.SIGUSR1) == self._write:
            signal.signal(signal.SIGUSR1, self._old)
        os.close(self._descriptor)
        self._descriptor = -1

    def _write(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002  a handler's signature
        if os.getpid() != self._pid:
            # A process that a test forked: to it, the signal does what it does anywhere else.
            signal.signal(signum, self._old)
            signal.raise_signal(signum)
            return
        # An error here would be raised in the middle of the test that runs now.
        with contextlib.suppress(Exception):
            os.write(self._descriptor, self._get_text(time.monotonic()).encode())


def install(get_text: Callable[[float], str], *, descriptor: int = STDERR) -> StatusSignal | None:
    """Tell the status at each SIGUSR1 from now on; None where that can't or must not be.

    `get_text` receives `time.monotonic()`, and must take no lock.  A program that has a handler
    of its own, or ignores the signal, keeps it so.  On a worker, give a `get_text` that returns
    nothing: a signal to the whole process group would else kill it, and the controller answers
    for all.  It is not ignored there by SIG_IGN, which programs started by a test would inherit.
    """
    if not hasattr(signal, "SIGUSR1") or threading.current_thread() is not threading.main_thread():
        return None
    if signal.getsignal(signal.SIGUSR1) != signal.SIG_DFL or is_caught(signal.SIGUSR1):
        return None
    return StatusSignal(get_text, descriptor=descriptor)


def is_caught(signum: int, proc_status: Path = PROC_STATUS) -> bool:
    """Tell whether a handler is installed that Python does not know of, such as faulthandler's.

    Found out on Linux only: proc(5), field SigCgt, a mask in hexadecimal digits.
    """
    try:
        text = proc_status.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    masks = [line.split()[1] for line in text.splitlines() if line.startswith("SigCgt:")]
    return any(int(mask, 16) >> (signum - 1) & 1 for mask in masks)
