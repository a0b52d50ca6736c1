"""Calls with a deadline: by an alarm in the main thread, else in a thread of its own.

The alarm leaves the call where it is, so that what belongs to a thread, such as a connection of
SQLite's, can be closed.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from .errors import DeadlinePassedError

T = TypeVar("T")

FIRST_WAIT_S = 0.002
LONGEST_WAIT_S = 0.05


class _Alarm(BaseException):
    """Leaves the call; no `except Exception` in it may keep it."""


def call_within(action: Callable[[], T], timeout_s: float) -> T:
    """Call and return what it returns.

    :raises DeadlinePassedError: it took longer; in a thread of its own it goes on.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and hasattr(signal, "setitimer"):
        with _alarm_set(timeout_s):
            return action()
    return _call_in_thread(action, timeout_s)


def wait_until(is_done: Callable[[], bool], timeout_s: float) -> bool:
    """Ask with growing pauses until it is done or the time is up; return whether it is done."""
    deadline = time.monotonic() + timeout_s
    wait_s = FIRST_WAIT_S
    while not is_done():
        if time.monotonic() > deadline:
            return False
        time.sleep(wait_s)
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)
    return True


@contextlib.contextmanager
def _alarm_set(timeout_s: float) -> Iterator[None]:
    """Let an alarm leave the block; a timer that ran before, as pytest-timeout's, goes on after."""

    def ring(_number: int, _frame: object) -> None:
        raise _Alarm

    handler = signal.signal(signal.SIGALRM, ring)
    left_s, interval_s = signal.setitimer(signal.ITIMER_REAL, timeout_s)
    started = time.monotonic()
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except _Alarm:
        raise DeadlinePassedError(timeout_s) from None
    finally:
        # None: C code had set it, and only C code can set it again.
        if handler is not None:
            signal.signal(signal.SIGALRM, handler)
        if left_s:
            rest_s = max(0.001, left_s - (time.monotonic() - started))
            signal.setitimer(signal.ITIMER_REAL, rest_s, interval_s)


def _call_in_thread(action: Callable[[], T], timeout_s: float) -> T:
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(action())
        except BaseException as error:  # noqa: BLE001  raised again in the thread that asked
            errors.append(error)

    thread = threading.Thread(target=run, name="infra-deadline", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if errors:
        raise errors[0]
    if not results:
        raise DeadlinePassedError(timeout_s)
    return results[0]
