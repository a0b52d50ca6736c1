"""Keeps workers from running ahead where a failure ends the run (`-x`, `--maxfail`).

A failure is known only when its report is written, which takes a worker longer than dozens of short
tests take the others.  So nobody gets more work while a test runs through which the others have
completed several; until it has run for so long that it is simply a long test.

Pure: it is told what happens; the time is watched by `scheduler`.
"""

from collections.abc import Collection, Hashable
from typing import Final

PATIENCE_S: Final = 0.25
"""For how long the others wait for one test, once."""


class Brake:
    """Counts, for each worker, what all have completed since its test began."""

    def __init__(self, *, workers: int) -> None:
        self._lead = workers + 1
        self._completed = 0
        self._begun: dict[Hashable, int] = {}
        self._excused: set[Hashable] = set()

    def note(self, worker: Hashable) -> None:
        """Note that a worker has completed a test, and so begins the next."""
        self._completed += 1
        self._begun[worker] = self._completed
        self._excused.discard(worker)

    def find_laggard(self, running: Collection[Hashable]) -> Hashable | None:
        """Return a worker, of those that run a test, for which the others should wait."""
        for worker in running:
            lead = self._completed - self._begun.get(worker, 0)
            if lead >= self._lead and worker not in self._excused:
                return worker
        return None

    def excuse(self, worker: Hashable) -> None:
        """Wait no longer for the test that this worker runs."""
        self._excused.add(worker)
