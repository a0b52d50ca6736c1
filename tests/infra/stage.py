"""Where the casts of one request see how far the others are: a few numbers that all have mapped."""

import mmap
import struct
import time
from collections.abc import Sequence
from typing import Final

DONE: Final = 0xFFFFFFFF
"""The step of who keeps nobody waiting."""

STEP_PATIENCE_S: Final = 2.0

_sleep = time.sleep
"""The real one: a wait for others is none of the test's."""


class Stage:
    """Where the casts of one request see how far the others are."""

    def __init__(self, casts: int) -> None:
        self.casts = casts
        self._memory = mmap.mmap(-1, 4 * max(casts, 1))

    @property
    def is_shared(self) -> bool:
        """Whether several casts run in step."""
        return self.casts > 1

    def wait(self, number: int, step: int) -> None:
        """Wait until all others have come to this step, or have ended, or take too long.

        Who takes too long is not waited for again before he comes to his next step.
        """
        self._set(number, step)
        until = read_clock() + STEP_PATIENCE_S
        while min(self._read()) < step:
            if read_clock() > until:
                for other, reached in enumerate(self._read()):
                    if reached < step:
                        self._set(other, DONE)
                return
            _sleep(0.0001)

    def leave(self, number: int) -> None:
        """Keep nobody waiting any more."""
        if self.is_shared:
            self._set(number, DONE)

    def _set(self, number: int, step: int) -> None:
        self._memory[4 * number : 4 * number + 4] = struct.pack("=I", step)

    def _read(self) -> Sequence[int]:
        return struct.unpack(f"={self.casts}I", self._memory[: 4 * self.casts])


def read_clock() -> float:
    """Read a clock that all processes share, and that no test is likely to set."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)
