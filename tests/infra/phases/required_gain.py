"""How much faster a suite has to be in parallel: as asked for, or as far as it can be; pure.

What can be is the bound that `measure` computes for a number of workers: the start, the longest
chain of tests that may not run side by side, and the processor time shared among the cores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SLACK: Final = 1.2
"""A run may take this many times its bound, where what is asked for can't be reached: a bound
knows no waiting, no messages between processes, and no imports that each worker makes anew."""

NOISE_PERCENT: Final = 5.0
"""A smaller loss is none, where no gain is possible; `measure` calls it noise, too."""

SLOWER: Final = "slower"


@dataclass(frozen=True, slots=True)
class Timing:
    """All tests on some workers."""

    workers: str
    baseline_s: float
    """In one process."""
    wall_s: float
    gain_percent: float
    verdict: str
    """As `measure` has it."""
    bound_s: float
    bound_words: str = ""

    @property
    def possible_percent(self) -> float:
        """How much the bound lets be gained."""
        return 100 * (1 - self.bound_s / self.baseline_s)

    @property
    def reachable_percent(self) -> float:
        """How much has to be gained where the bound decides."""
        return 100 * (1 - SLACK * self.bound_s / self.baseline_s)

    def render(self) -> str:
        """Say what was measured, and what could be."""
        return (
            f"{self.workers} workers: {self.wall_s:.1f} s of {self.baseline_s:.1f} s, "
            f"gain {self.gain_percent:.0f}% ({self.verdict}), possible "
            f"{self.possible_percent:.0f}%: {self.bound_words}"
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """What was asked for, what decided, and whether it was reached."""

    timing: Timing
    """Of the number of workers that gains most."""
    asked_percent: float

    @property
    def is_bounded(self) -> bool:
        """Whether the suite and the cores decide, not what is asked for."""
        return self.timing.reachable_percent < self.asked_percent

    @property
    def required_percent(self) -> float:
        """The gain that has to be reached; a loss where none is possible."""
        reachable = self.timing.reachable_percent
        return -NOISE_PERCENT if reachable <= 0 else min(reachable, self.asked_percent)

    @property
    def is_enough(self) -> bool:
        """Whether it was reached; being slower is never enough."""
        return self.timing.verdict != SLOWER and self.timing.gain_percent >= self.required_percent

    def render(self) -> str:
        """Say all of it in one line."""
        gained = f"gain {self.timing.gain_percent:.0f}% with {self.timing.workers} workers"
        if not self.is_bounded:
            return f"{gained}, at least {self.asked_percent:.0f}% asked for"
        least = (
            f"hardly any is possible, so no loss over {NOISE_PERCENT:.0f}%"
            if self.required_percent < 0
            else f"at least {self.required_percent:.0f}%"
        )
        return (
            f"{gained}, {least}: decided by the bound of {self.timing.bound_s:.1f} s "
            f"times {SLACK:g}, as {self.asked_percent:.0f}% can't be reached"
        )


def decide(timings: Sequence[Timing], asked_percent: float) -> Decision:
    """Choose the number of workers that gains most, and compare that with what is required."""
    return Decision(max(timings, key=lambda timing: timing.gain_percent), asked_percent)
