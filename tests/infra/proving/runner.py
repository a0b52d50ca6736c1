"""Runs the passes of a campaign one after the other, and says how far each one is."""

import importlib.util
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from .plan import (
    SORTING_PLUGINS,
    Pass,
    Wish,
    build_arguments,
    build_environ,
    find_guard_arguments,
)
from .process import Deadline, Ending, Job, Result, build_own_arguments, run_pass


class Progress(Protocol):
    """Where one hears how far the work is."""

    def update(self, text: str) -> None:
        """Say where it stands; the next saying takes its place."""

    def tell(self, text: str) -> None:
        """Say something that stays."""


@dataclass(slots=True)
class PassRunner:
    """Runs passes below one directory, each in a subdirectory of its own."""

    wish: Wish
    directory: Path
    progress: Progress
    blocked: Sequence[str] = ()
    clock: Callable[[], float] = time.monotonic
    count: int = field(default=0, init=False)
    tests: int = field(default=0, init=False)

    def __call__(self, item: Pass, *, label: str, deadline: Deadline | None) -> Result:
        """Run one pass."""
        self.count += 1
        job = self._build_job(item, deadline)
        began = self.clock()
        expected = self._expect(item)

        def watch(done: int) -> None:
            self.progress.update(render_progress(label, done, expected, self.clock() - began))

        result = run_pass(job, watch)
        if not item.only:
            self.tests = max(self.tests, len(result.account.nodeids))
        self.progress.tell(render_end(label, result))
        return result

    def _expect(self, item: Pass) -> int:
        return (len(item.only) or self.tests) * item.runs

    def _build_job(self, item: Pass, deadline: Deadline | None) -> Job:
        directory = self.directory / str(self.count)
        own = [*find_guard_arguments(), *build_own_arguments(directory)]
        return Job(
            item=item,
            arguments=build_arguments(item, self.wish, own=own, blocked=self.blocked),
            environ=build_environ(item, os.environ),
            directory=directory,
            deadline=deadline,
        )


def find_sorting_plugins() -> list[str]:
    """Return the installed plugins that put an order of their own on the tests."""
    return [name for name, module in SORTING_PLUGINS.items() if importlib.util.find_spec(module)]


def render_progress(label: str, done: int, expected: int, took_s: float) -> str:
    """Render how far a pass is; the first one doesn't know how many tests there are."""
    if not expected:
        return f"{label}: {done} tests done"
    if not done:
        return f"{label}: 0 of {expected} tests"
    left_s = took_s / done * max(expected - done, 0)
    return f"{label}: {done} of {expected} tests, about {left_s:.0f} s left"


def render_end(label: str, result: Result) -> str:
    """Render how a pass ended."""
    count = len(result.account.occurrences)
    ending = "" if result.ending is Ending.COMPLETE else f", {result.ending.value}"
    names = f" in {', '.join(result.account.open[:3])}" if result.account.open else ""
    return f"{label}: {count} tests in {result.duration_s:.1f} s{ending}{names}"
