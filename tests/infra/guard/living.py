"""Resources that live on by themselves: signals, timers, threads and child processes."""

import _thread
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from .resource import ABSENT, Change, Plain, Scene, render

SIGNALS: Final = tuple(
    number
    for number in signal.Signals
    if number.name
    in {"SIGINT", "SIGTERM", "SIGHUP", "SIGALRM", "SIGCHLD", "SIGUSR1", "SIGUSR2", "SIGPIPE"}
)
"""The signals that programs handle."""

# The module below `signal` tells the same, without the search for an enumeration's member.
read_handler: Final = getattr(sys.modules.get("_signal"), "getsignal", signal.getsignal)

read_mask: Final = getattr(sys.modules.get("_signal"), "pthread_sigmask", lambda *_: ())

TIMER_NUMBERS: Final = tuple(
    getattr(signal, name)
    for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF")
    if hasattr(signal, name)
)

STOPPED: Final = (0.0, 0.0)
"""What a timer has left, and its interval, where it does not run."""

TIMERS: Final = tuple(
    name for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF") if hasattr(signal, name)
)

GRACE_S: Final = 1.0
"""How long threads and processes may take to end; CPython's own test runner waits as long."""

POOL_GRACE_S: Final = 0.05
"""How long the threads of a pool may take to end, where they do."""

FIRST_WAIT_S: Final = 0.0001

SERVICES: Final = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")
"""Modules of the processes that the standard library starts once and keeps."""

PROC: Final = Path("/proc/self")

ASKING: Final = os.WEXITED | os.WNOHANG | os.WNOWAIT if hasattr(os, "waitid") else 0
"""Whether there is a child at all: waits for none, and takes none away."""


class Handlers(Plain):
    """What the process does on a signal, and which signals are blocked."""

    name = "signals"
    is_bracketed = True  # pytest-timeout has a handler of its own around each test.
    remedy = "keep what signal.signal returns, and set it again in a finally"

    def read(self) -> object:
        """Return the handlers of the usual signals, and the blocked ones."""
        return [*map(read_handler, SIGNALS), read_mask(signal.SIG_BLOCK, ())]

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return the handlers under the signals' names."""
        assert isinstance(state, list)
        return dict(zip([*(number.name for number in SIGNALS), "mask"], state, strict=False))

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the function and both handlers."""
        if change.key == "mask":
            return "signal.pthread_sigmask", render(change.before), render(change.after)
        path = f"signal.signal({change.key})"
        return path, _render_handler(change.before), _render_handler(change.after)

    def restore(self, change: Change) -> bool:
        """Set it, unless C code had set the one before."""
        if change.key == "mask":
            # Any: the set of signals that was read.
            mask: Any = change.before
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            return True
        if change.before is None:
            return False
        with contextlib.suppress(ValueError):  # Not in the main thread.
            handler: Any = change.before  # Any: the handler that was read.
            signal.signal(getattr(signal, change.key), handler)
            return True
        return False


class Timers(Plain):
    """Timers that will send a signal."""

    name = "timers"
    is_bracketed = True  # pytest-timeout has one running around each test.
    remedy = "stop it in a finally: signal.setitimer(signal.ITIMER_REAL, 0)"

    def read(self) -> object:
        """Return which timers run; how long each has left says nothing."""
        return [timer != STOPPED for timer in map(signal.getitimer, TIMER_NUMBERS)]

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return them under their names."""
        assert isinstance(state, list)
        return dict(zip(TIMERS, state, strict=True))

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether a timer went off."""
        return not change.after

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the function, and that it runs."""
        return f"signal.setitimer({change.key})", "stopped", "running"

    def restore(self, change: Change) -> bool:
        """Stop it."""
        signal.setitimer(getattr(signal, change.key), 0)
        return True


class Threads(Plain):
    """Threads, each given a moment to end; the workers of a pool that lives on are no change."""

    name = "threads"
    is_bracketed = True  # pytest-timeout may have one running around each test.
    remedy = "join it before the test ends, or stop it in a fixture after yield"
    RAW: Final = "threads without a name"

    def read(self) -> object:
        """Return how many there are, and those that `threading` knows."""
        return (_thread._count(), tuple(threading.enumerate()))  # noqa: SLF001  sees all threads

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return the threads under their names and numbers."""
        assert isinstance(state, tuple)
        count, threads = state
        alive = {f"{thread.name} #{thread.ident}": thread for thread in threads}
        # The main thread is none that anybody started.
        return {**alive, self.RAW: max(0, count - (len(threads) - 1))}

    def settle(self, _state: object, expected: Mapping[str, object]) -> object:
        """Wait with growing pauses until no unexpected thread is left, or for the whole grace."""

        def is_quiet(*, is_pool_quiet: bool = True) -> bool:
            known = self.unfold(self.read())
            new = [known[name] for name in known.keys() - expected.keys()]
            is_ended = all(is_pool_quiet and _is_pooled(thread) for thread in new)
            return is_ended and _as_int(known[self.RAW]) <= _as_int(expected.get(self.RAW, 0))

        # A pool that was shut down ends its threads at once; one that was not never does.
        wait_for(lambda: is_quiet(is_pool_quiet=False), grace_s=POOL_GRACE_S)
        wait_for(is_quiet)
        return self.read()

    def is_lawful(self, change: Change, scene: Scene) -> bool:
        """Tell whether a thread has ended, or waits for work in a pool that somebody keeps."""
        if change.key == self.RAW:
            return _as_int(change.after) <= _as_int(change.before)
        if change.after is ABSENT:
            return True
        return _is_pooled(change.after) and change.key not in scene.credited

    def is_owed(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell that whoever makes a pool on purpose has to shut it down."""
        return change.after is not ABSENT

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the thread's name and what it runs."""
        if change.key == self.RAW:
            return change.key, render(change.before), render(change.after)
        thread: Any = change.after  # Any: the target is a private attribute.
        target = getattr(thread, "_target", None)
        runs = getattr(target, "__qualname__", None) or type(thread).__qualname__
        kind = "daemon thread" if thread.daemon else "thread"
        return f"{kind} {thread.name}", "no such thread", f"runs {runs}"


class Children(Plain):
    """Child processes, each given a moment to end."""

    name = "children"
    remedy = "wait for it: subprocess.run, or Popen as a context manager; terminate it in a finally"

    def read(self) -> object:
        """Return the PIDs of all children; asking whether there are any is cheap."""
        try:
            os.waitid(os.P_ALL, 0, ASKING)
        except (ChildProcessError, AttributeError, OSError):
            return ()
        return tuple(sorted(read_children()))

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return the living ones under their PIDs."""
        assert isinstance(state, tuple)
        return {f"process {pid}": pid for pid in state}

    def settle(self, _state: object, expected: Mapping[str, object]) -> object:
        """Wait with growing pauses until no unexpected child is left, or for the whole grace."""

        def is_quiet() -> bool:
            _reap()
            return self.unfold(self.read()).keys() <= expected.keys()

        wait_for(is_quiet)
        return self.read()

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether a child has ended, or serves the standard library."""
        if change.after is ABSENT:
            return True
        command = read_command(_as_int(change.after))
        return any(service in command for service in SERVICES)

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the PID and the command."""
        command = read_command(_as_int(change.after))
        doing = f"runs {command[:80]}" if command else "has ended, and nobody waited for it"
        return f"child {change.key}", "no such process", doing


def wait_for(is_done: Callable[[], bool], *, grace_s: float = GRACE_S) -> None:
    """Ask with pauses that double, until it is done or the grace is over."""
    deadline = time.monotonic() + grace_s
    wait_s = FIRST_WAIT_S
    while not is_done() and time.monotonic() < deadline:
        time.sleep(wait_s)
        wait_s = min(2 * wait_s, 0.1)


def read_children() -> Iterator[int]:
    """Read the PIDs of this process's children, of whichever thread they are."""
    if (PROC / "task").is_dir():
        for path in (PROC / "task").glob("*/children"):
            with contextlib.suppress(OSError):
                yield from map(int, path.read_text().split())
        return
    processes: Any = sys.modules.get("multiprocessing.process")  # Any: no import to look.
    if processes is not None:
        yield from (child.pid for child in processes.active_children())


def read_command(pid: int) -> str:
    """Read the command line of a process, or nothing where the system doesn't tell."""
    try:
        text = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return text.replace(b"\0", b" ").decode(errors="replace").strip()


def _render_handler(handler: object) -> str:
    if handler in (signal.SIG_DFL, signal.SIG_IGN):
        return signal.Handlers(handler).name  # type: ignore[arg-type]  # one of the two
    return getattr(handler, "__qualname__", None) or render(handler)


def _is_pooled(thread: object) -> bool:
    """Tell whether a thread is one of `concurrent.futures`, whose executor somebody keeps.

    Where nobody does, the executor's end has told the thread to end, within the grace.
    """
    futures: Any = sys.modules.get("concurrent.futures.thread")  # Any: a private function.
    worker = getattr(futures, "_worker", None)
    return worker is not None and getattr(thread, "_target", None) is worker


def _reap() -> None:
    """Let the standard library ask after the ended children whose objects nobody has any more."""
    # Any: a private function, and a module that may not be there.
    subprocess: Any = sys.modules.get("subprocess")
    getattr(subprocess, "_cleanup", lambda: None)()
    processes: Any = sys.modules.get("multiprocessing.process")
    getattr(processes, "active_children", lambda: None)()


def _as_int(value: object) -> int:
    return value if isinstance(value, int) else 0
