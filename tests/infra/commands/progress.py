"""Says on a stream how far a verb's work is: in one line that changes, or in a few plain ones."""

import time
from collections.abc import Callable
from typing import Final, Protocol

QUIET_S: Final = 30.0
"""How often something is said where lines can't be written over: a log should stay short."""


class Stream(Protocol):
    """As much of a text file as is needed."""

    def write(self, text: str, /) -> object:
        """Write a text."""

    def flush(self) -> object:
        """Let it be seen."""

    def isatty(self) -> bool:
        """Tell whether a person's terminal is behind it."""


class Progress:
    """Writes where the work stands."""

    def __init__(
        self, stream: Stream, *, width: int = 79, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._width = width
        self._clock = clock
        self._is_terminal = stream.isatty()
        self._last = clock()
        self._shown = ""

    def update(self, text: str) -> None:
        """Say where it stands; on a terminal the next saying takes its place."""
        if self._is_terminal:
            line = text[: self._width]
            if line != self._shown:
                self._write(f"\r{line.ljust(len(self._shown))}")
                self._shown = line
        elif self._clock() - self._last >= QUIET_S:
            self.tell(text)

    def tell(self, text: str) -> None:
        """Say something that stays."""
        start = f"\r{' ' * len(self._shown)}\r" if self._shown else ""
        self._shown = ""
        self._last = self._clock()
        self._write(f"{start}{text}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
