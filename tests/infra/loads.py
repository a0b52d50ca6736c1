"""Keeps processors and the disk busy, in forks that end with their parent."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .hunting.trials import Request


@contextlib.contextmanager
def make_load(request: Request, directory: Path) -> Iterator[None]:
    """Keep processors and the disk busy."""
    works = [_burn] * request.busy + [_write] * request.writing
    pids = [_start(work, directory / f"load-{n}") for n, work in enumerate(works)]
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        for path in directory.glob("load-*"):
            path.unlink()


def _start(work: Callable[[Path], None], path: Path) -> int:
    parent = os.getpid()
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # Linux divides its processors among sessions first: all loads in one would count as one.
        os.setsid()
        try:
            while os.getppid() == parent:
                work(path)
        finally:
            os._exit(0)
    return pid


def _burn(_path: Path) -> None:
    until = time.monotonic() + 0.1
    while time.monotonic() < until:
        pass


def _write(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(16):
            file.write(b"\0" * (1 << 20))
            file.flush()
            os.fsync(file.fileno())
