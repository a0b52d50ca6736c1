"""Keeps the recorded order in time: a test begins when what came before it has begun and ended.

Each worker counts its tests in a file that all of a run have mapped.  Who waits too long goes on,
and tells everybody that the placement diverged, so that nobody waits any more: nothing hangs.
"""

import mmap
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from .fitting import Wait

FILE: Final = "replay.counters"
"""In the directory of the run."""

CELL_BYTES: Final = 8
COLUMNS: Final = 3
"""Of each slot: tests begun, tests ended, and the nanosecond of the last of these events."""

ALL: Final = 2**62
"""What a worker that has ended has begun and ended."""

PATIENCE_S: Final = 30.0
"""How long nothing may happen on any worker; three times the longest test, where that is more."""

PAUSE_S: Final = 0.0005

NANO: Final = 1_000_000_000


class Counters:
    """The numbers of all slots, shared among the processes of a run."""

    def __init__(self, path: Path, slots: int) -> None:
        self._slots = slots
        size = (slots * COLUMNS + 1) * CELL_BYTES
        with path.open("a+b") as file:
            if file.tell() < size:
                file.truncate(size)
            self._map = mmap.mmap(file.fileno(), size)
        self._cells = memoryview(self._map).cast("q")

    def get_begun(self, slot: int) -> int:
        """Return how many tests of a slot have begun."""
        return self._cells[slot * COLUMNS]

    def get_ended(self, slot: int) -> int:
        """Return how many tests of a slot have ended, a crash included."""
        return self._cells[slot * COLUMNS + 1]

    def get_moment_ns(self, slot: int) -> int:
        """Return when the last event of a slot happened."""
        return self._cells[slot * COLUMNS + 2]

    def note(self, slot: int, *, begun: int, ended: int, now_ns: int) -> None:
        """Write a slot's numbers; only one process at a time does so."""
        self._cells[slot * COLUMNS + 2] = now_ns
        self._cells[slot * COLUMNS] = begun
        self._cells[slot * COLUMNS + 1] = ended

    def read_all(self) -> bytes:
        """Return all numbers, to be compared."""
        return bytes(self._map)

    @property
    def diverged(self) -> int:
        """1 + the slot that waited in vain; 0 while none has."""
        return self._cells[self._slots * COLUMNS]

    def diverge(self, slot: int) -> None:
        """Tell all that a slot waited in vain."""
        self._cells[self._slots * COLUMNS] = slot + 1

    def close(self) -> None:
        """Let go of the file."""
        self._cells.release()
        self._map.close()


class Turnstile:
    """Lets the tests of one worker through, each in its turn."""

    def __init__(  # noqa: PLR0913  the last two stand for time in tests
        self,
        counters: Counters,
        slot: int,
        waits: Sequence[Wait],
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], int] = time.monotonic_ns,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._counters = counters
        self._slot = slot
        self._waits = waits
        self._patience_s = patience_s
        self._clock = clock
        self._pause = pause

    def enter(self) -> None:
        """Wait for the turn of this worker's next test, and note that it begins."""
        number = self._counters.get_ended(self._slot)
        if number < len(self._waits):
            self._wait(self._waits[number])
        self._note(number + 1, number)

    def leave(self) -> None:
        """Note that the test has ended."""
        number = self._counters.get_begun(self._slot)
        self._note(number, number)

    def close(self) -> None:
        """Note that nothing follows, so that nobody waits for this worker."""
        self._note(ALL, ALL)

    def _note(self, begun: int, ended: int) -> None:
        self._counters.note(self._slot, begun=begun, ended=ended, now_ns=self._clock())

    def _wait(self, wait: Wait) -> None:
        seen, since = self._counters.read_all(), self._clock()
        while not self._is_turn(wait) and not self._counters.diverged:
            self._pause(PAUSE_S)
            found = self._counters.read_all()
            if found != seen:
                seen, since = found, self._clock()
            elif self._clock() - since > self._patience_s * NANO:
                self._counters.diverge(self._slot)

    def _is_turn(self, wait: Wait) -> bool:
        counters = self._counters
        for slot, (begun, ended) in enumerate(zip(wait.begun, wait.ended, strict=True)):
            if counters.get_begun(slot) < begun or counters.get_ended(slot) < ended:
                return False
        return self._is_gap_over(wait)

    def _is_gap_over(self, wait: Wait) -> bool:
        """Tell whether the test is as long after the last event as it was, or too late already."""
        slot, counters = wait.slot, self._counters
        if slot < 0:
            return True
        is_last = (counters.get_begun(slot), counters.get_ended(slot)) == (
            wait.begun[slot],
            wait.ended[slot],
        )
        passed_s = (self._clock() - counters.get_moment_ns(slot)) / NANO
        return not is_last or passed_s >= wait.gap_s
