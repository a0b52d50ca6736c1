"""Medians of few noisy figures, and how far they can be trusted; pure.

Intervals are made of order statistics: they need no law of the noise, no random numbers, and give
the same answer for the same figures.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LEVEL: Final = 0.9
"""How often an interval should hold the true median; five figures are the fewest that can."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What several runs show of one thing."""

    median: float
    low: float
    high: float
    """The interval of the median, by order statistics; of fewer than five, all of them."""
    spread: float
    """The median absolute deviation of one run."""
    count: int

    @property
    def is_settled(self) -> bool:
        """Whether the interval is known at its level, and within a tenth of the median."""
        return has_level(self.count) and self.high - self.low <= 2 * NARROW * self.median


NARROW: Final = 0.1
"""How far the ends of an interval may be from its middle, as a part of the median."""


def build_figure(values: Sequence[float]) -> Figure:
    """Sum up at least one value."""
    median = statistics.median(values)
    low, high = compute_median_interval(values)
    spread = statistics.median(abs(value - median) for value in values)
    return Figure(median, low, high, spread, len(values))


def compute_median_interval(values: Sequence[float]) -> tuple[float, float]:
    """Compute the narrowest interval of the median of symmetric ranks that has the level.

    The true median lies outside the `rank`-th lowest and highest of n values with the chance of
    getting fewer than `rank` heads, or tails, in n throws (H. A. David, "Order Statistics", 1981,
    section 2.5).
    """
    ordered = sorted(values)
    rank = 1
    while compute_level(len(ordered), rank + 1) >= LEVEL:
        rank += 1
    return ordered[rank - 1], ordered[-rank]


def compute_level(count: int, rank: int) -> float:
    """Compute how often the `rank`-th lowest and highest of `count` values hold the median."""
    outside = sum(math.comb(count, heads) for heads in range(rank))
    return 1.0 - float(2 * outside / 2**count)


def has_level(count: int) -> bool:
    """Tell whether so many values are enough for an interval at its level."""
    return compute_level(count, 1) >= LEVEL
