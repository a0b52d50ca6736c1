"""Sleeps and timeouts that last longer: those of the test itself, or those of all others.

A test that waits a while and then looks passes when its own wait is longer, and fails when what it
waits for takes longer.  "Its own" are waits in the main thread; in an event loop, those of the
coroutine that the loop was started for.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .perturbations import Applied

MAX_WAIT_S: Final = 2.0
"""No wait is stretched beyond that: a test that sleeps for seconds is slow enough."""

MAIN: Final[set[CodeType]] = set()
"""The code of coroutines that a loop was started for."""


def note_main(code: CodeType | None) -> None:
    """Note a coroutine function whose waits are the test's own."""
    if code is not None:
        MAIN.add(code)


def stretch(own: float, others: float, applied: "Applied") -> None:
    """Let waits last so many times as long."""

    def scale(wait_s: float, what: str) -> float:
        is_own = is_of_test(sys._getframe(2))  # noqa: SLF001  as `inspect` does
        factor = own if is_own else others
        if factor == 1 or not 0 < wait_s < MAX_WAIT_S:
            return wait_s
        applied.counts[f"{what} of {'the test' if is_own else 'others'} stretched"] += 1
        return min(wait_s * factor, MAX_WAIT_S)

    _stretch_sleep(scale, applied)
    _stretch_conditions(scale, applied)
    _stretch_asyncio(scale, applied)


def is_of_test(frame: FrameType | None) -> bool:
    """Tell whether a call comes from the test itself and not from a thread or task of others."""
    if threading.current_thread() is not threading.main_thread():
        return False
    is_main = False
    while frame is not None:
        code = frame.f_code
        is_main = is_main or code in MAIN
        if code.co_name == "_run_once" and "asyncio" in code.co_filename:
            return is_main
        frame = frame.f_back
    return True


Scale = Callable[[float, str], float]


def _stretch_sleep(scale: Scale, applied: "Applied") -> None:
    sleep = time.sleep

    def sleep_longer(secs: float, /) -> None:
        sleep(scale(secs, "time.sleep"))

    applied.put(time, "sleep", sleep_longer)


def _stretch_conditions(scale: Scale, applied: "Applied") -> None:
    """Events, queues, barriers and joined futures all wait for a condition."""
    wait = threading.Condition.wait

    def wait_longer(self: threading.Condition, timeout: float | None = None) -> bool:
        return wait(self, timeout if timeout is None else scale(timeout, "a timeout"))

    applied.put(threading.Condition, "wait", wait_longer)
    join = threading.Thread.join

    def join_longer(self: threading.Thread, timeout: float | None = None) -> None:
        join(self, timeout if timeout is None else scale(timeout, "Thread.join"))

    applied.put(threading.Thread, "join", join_longer)


def _stretch_asyncio(scale: Scale, applied: "Applied") -> None:
    sleep = asyncio.sleep
    run, run_until_complete = asyncio.Runner.run, asyncio.BaseEventLoop.run_until_complete

    # Any: whatever the coroutine returns.
    def sleep_longer(delay: float, result: Any = None) -> Coroutine[Any, Any, Any]:
        return sleep(scale(delay, "asyncio.sleep"), result)

    def run_noted(self: asyncio.Runner, coro: Coroutine[Any, Any, Any], **options: Any) -> object:
        note_main(getattr(coro, "cr_code", None))
        return run(self, coro, **options)

    def complete_noted(self: asyncio.BaseEventLoop, future: Awaitable[Any]) -> object:
        note_main(getattr(future, "cr_code", None))
        return run_until_complete(self, future)

    applied.put(asyncio.tasks, "sleep", sleep_longer)
    applied.put(asyncio, "sleep", sleep_longer)
    applied.put(asyncio.Runner, "run", run_noted)
    applied.put(asyncio.BaseEventLoop, "run_until_complete", complete_noted)
