"""Runs a function in a fork of the test's process, so that what it changes goes with it."""

import os
import pickle
import signal
import traceback
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE_S = 20


class ForkFailedError(Exception):
    """A function raised in its fork; holds the traceback."""


def run_in_fork(work: Callable[[], T]) -> T:
    """Return what a function returns in a fork, or raise what its traceback tells."""
    inlet, outlet = os.pipe()
    with warnings.catch_warnings():
        # Of Python 3.12 and later, where a worker's own threads run: the child uses no lock of
        # theirs.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        _run(work, outlet)
    os.close(outlet)
    with os.fdopen(inlet, "rb") as answers:
        text = answers.read()
    os.waitpid(pid, 0)
    # Any: what the function returned, or a traceback.
    answer: tuple[bool, Any] = pickle.loads(text) if text else (False, "it died")
    if not answer[0]:
        raise ForkFailedError(answer[1])
    result: T = answer[1]
    return result


def end_in_fork(work: Callable[[], object]) -> int:
    """Return the PID of a fork that a function is to end; it has exit code 99 if that returns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        signal.alarm(PATIENCE_S)
        try:
            work()
        finally:
            os._exit(99)
    return pid


def _run(work: Callable[[], T], outlet: int) -> None:
    signal.alarm(PATIENCE_S)
    try:
        answer = pickle.dumps((True, work()))
    except BaseException:  # noqa: BLE001  whatever it is, this process must not come back
        answer = pickle.dumps((False, traceback.format_exc()))
    try:
        with os.fdopen(outlet, "wb") as answers:
            answers.write(answer)
    finally:
        os._exit(0)
