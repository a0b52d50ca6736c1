"""What a number of runs says about how often a test fails; pure."""

from math import comb, sqrt
from typing import Final

from .verdicts import Tally

Z_95: Final = 1.959964
"""Of the normal distribution, for 95 % between two bounds."""


def find_interval(tally: Tally) -> tuple[float, float]:
    """Find the bounds of the failure rate at 95 % (Wilson 1927); all is possible without a run."""
    if not tally.runs:
        return 0.0, 1.0
    runs, rate = tally.runs, tally.failures / tally.runs
    middle = rate + Z_95**2 / (2 * runs)
    spread = Z_95 * sqrt(rate * (1 - rate) / runs + Z_95**2 / (4 * runs**2))
    scale = 1 + Z_95**2 / runs
    return max((middle - spread) / scale, 0.0), min((middle + spread) / scale, 1.0)


def find_upper_bound(runs: int) -> float:
    """Find how often a test that never failed may still fail, at 95 %."""
    return float(1 - 0.05 ** (1 / runs)) if runs else 1.0


def find_chance_of_more(before: Tally, after: Tally) -> float:
    """Return how probable so many more failures are by chance alone; the smaller, the surer.

    Fisher's exact test, one-sided: of all ways to spread the failures over the runs, those in which
    `after` has as many as it has, or more.  1 where there are no runs.
    """
    runs, failures = before.runs + after.runs, before.failures + after.failures
    ways = sum(
        comb(after.runs, count) * comb(before.runs, failures - count)
        for count in range(after.failures, min(after.runs, failures) + 1)
    )
    return float(ways / comb(runs, failures))
