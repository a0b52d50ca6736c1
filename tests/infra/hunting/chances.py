"""What tallies say about how often a test fails; pure.  The statistics are in `sampling`."""

from ..sampling import compute_interval, compute_overlap_chance
from .verdicts import Tally


def find_interval(tally: Tally) -> tuple[float, float]:
    """Find the bounds of the failure rate at 95 %; all is possible without a run."""
    return compute_interval(tally.failures, tally.runs) if tally.runs else (0.0, 1.0)


def find_chance_of_more(before: Tally, after: Tally) -> float:
    """Return how probable so many more failures are by chance alone; the smaller, the surer.

    Fisher's exact test, one-sided: of all ways to spread the failures over the runs, those in which
    `after` has as many as it has, or more.  1 where there are no runs.
    """
    both = before + after
    return compute_overlap_chance(both.runs, both.failures, after.runs, after.failures)
