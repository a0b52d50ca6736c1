"""How threads and processes take turns: between any two instructions, or never unasked.

CPython lets go of its lock every 5 ms, so a race whose window is a few instructions wide shows once
in thousands of runs; here every instruction is a window.
"""

import concurrent.futures
import random
import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from .conditions import IN_LINE

if TYPE_CHECKING:
    from .perturbations import Applied

SHORTEST_S: Final = 1e-6
"""The shortest interval that CPython takes."""

LONGEST_LINE_S: Final = 0.5
"""A thread that serves others never ends by itself."""

CHANCE: Final = 0.1
"""How many of the instructions are followed by a turn of another thread."""

LONGEST_TURN_S: Final = 1e-4

TURNS: Final = "turns of other threads"

PAUSES: Final = "pauses between lines"

PAUSE_CHANCE: Final = 0.3
LONGEST_PAUSE_S: Final = 0.004

MOST_PAUSES: Final = 150
"""More of them would only make a test slow, and so fail for that alone."""

LIMIT: Final = 3_000
"""After so many turns the rest runs as ever: a test with millions of instructions would not end."""


def switch(mode: str, seed: int, applied: "Applied") -> None:
    """Let threads take turns as `mode` says."""
    if mode == IN_LINE:
        put_in_line(applied)
        return
    sys.setswitchinterval(SHORTEST_S)
    draw = random.Random(seed).random  # noqa: S311  repeatable on purpose
    sleep, count_threads = time.sleep, threading.active_count

    def give_turn() -> None:
        if applied.counts[TURNS] < LIMIT:
            applied.counts[TURNS] += 1
            sleep(draw() * LONGEST_TURN_S)

    # Any: what a trace function returns and takes, `sys.settrace`.
    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "call":
            if not applied.is_own(frame.f_code.co_filename):
                return None
            if applied.counts[TURNS] >= LIMIT:
                return None
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
        elif event == "opcode" and draw() < CHANCE and count_threads() > 1:
            give_turn()
            frame.f_trace_opcodes = applied.counts[TURNS] < LIMIT
        return trace

    trace_all(trace, applied)


# Any: a trace function, `sys.settrace`.
def trace_all(trace: Any, applied: "Applied") -> None:
    """Trace this thread and all that start from now on.

    CPython refuses to install a trace function while another thread is about to, and threads that
    audit hooks and short turns interrupt there would end before they begin.
    """
    plain, lock = sys.settrace, threading.Lock()

    def settrace_in_turn(function: Any) -> None:
        with lock:
            plain(function)

    # By this name new threads call it, too.
    applied.put(sys, "settrace", settrace_in_turn)
    threading.settrace(trace)
    sys.settrace(trace)


def put_in_line(applied: "Applied") -> None:
    """Let whoever starts a thread, or gives work to a pool, wait until that is done."""
    start, submit = threading.Thread.start, concurrent.futures.ThreadPoolExecutor.submit

    def start_in_line(self: threading.Thread) -> None:
        start(self)
        if not self.name.startswith("ThreadPoolExecutor"):
            applied.counts["threads put in line"] += 1
            self.join(LONGEST_LINE_S)

    # Any: whatever the work takes and returns.
    def submit_in_line(
        self: concurrent.futures.ThreadPoolExecutor, *args: Any, **options: Any
    ) -> Any:
        future = submit(self, *args, **options)
        applied.counts["work put in line"] += 1
        concurrent.futures.wait([future], LONGEST_LINE_S)
        return future

    applied.put(threading.Thread, "start", start_in_line)
    applied.put(concurrent.futures.ThreadPoolExecutor, "submit", submit_in_line)


def pause(seed: int, applied: "Applied") -> None:
    """Let this process pause between lines of the project's, as any process may anywhere."""
    draw = random.Random(seed).random  # noqa: S311  repeatable on purpose
    sleep = time.sleep

    # Any: what a trace function returns and takes, `sys.settrace`.
    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "call" and not applied.is_own(frame.f_code.co_filename):
            return None
        if event == "line" and draw() < PAUSE_CHANCE and applied.counts[PAUSES] < MOST_PAUSES:
            applied.counts[PAUSES] += 1
            sleep(draw() * LONGEST_PAUSE_S)
        return trace

    trace_all(trace, applied)
