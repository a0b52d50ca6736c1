"""What repetitions show about how often a test fails: intervals, bounds and tests; pure.

Which repetitions belong together is left to `flakes`.
"""

import math
from collections.abc import Sequence
from typing import Final

Z_95: Final = 1.959963984540054
"""The normal distribution's quantile of 0.975."""

RISK: Final = 0.05
"""One minus the level at which bounds are told."""


def compute_interval(failures: int, runs: int) -> tuple[float, float]:
    """Compute Wilson's 95% interval of a rate from at least one run.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22 (1927).  Not the exact one by Clopper and Pearson:
    that covers more than it says, and after the ten runs that people make it is wider (3 of 10:
    7 to 65% against 11 to 60%).
    """
    rate, spread = failures / runs, Z_95**2 / runs
    middle = rate + spread / 2
    half = math.sqrt(spread * (rate * (1 - rate) + spread / 4))
    low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    # Rounding would leave 1e-17 in place of a bound that is exact.
    return (low if failures else 0.0, high if failures < runs else 1.0)


def bound_without_failure(runs: int) -> float:
    """Return the highest rate at which `runs` without a failure still happen one time in twenty.

    It solves `(1 - rate) ** runs == 0.05`; by symmetry one minus it bounds from below the rate of
    a test that failed every time.  Without a run all is possible.
    """
    return 1.0 - float(RISK ** (1 / runs)) if runs else 1.0


def count_accepting_passes(*, p0: float, p1: float, alpha: float, beta: float) -> int:
    """Count the passes in a row after which a test is accepted as sound.

    A. Wald, "Sequential tests of statistical hypotheses", Annals of Mathematical Statistics 16
    (1945): the likelihood ratio of the two rates against its lower limit.

    :param p0: how often a test may fail that passes for sound.
    :param p1: how often one fails at least that is called flaky.
    :param alpha: the risk of calling a sound one flaky.
    :param beta: the risk of calling a flaky one sound.
    """
    return math.ceil(math.log(beta / (1 - alpha)) / math.log((1 - p1) / (1 - p0)))


def compute_overlap_chance(total: int, marked: int, drawn: int, hits: int) -> float:
    """Compute how likely it is to draw at least `hits` marked ones, by the hypergeometric law.

    :param total: how many there are, `marked` of them; `drawn` are drawn without putting back.
    """
    ways = sum(
        math.comb(marked, count) * math.comb(total - marked, drawn - count)
        for count in range(hits, min(marked, drawn) + 1)
        if drawn - count <= total - marked
    )
    return ways / math.comb(total, drawn)


def find_threshold(chances: Sequence[float], *, rate: float = RISK) -> float:
    """Return the greatest chance that is no accident among so many; 0 where all may be.

    Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", Journal of the Royal
    Statistical Society B 57 (1995).

    :param rate: the share of accidents among what is accepted.
    """
    ranked = sorted(chances)
    accepted = [
        chance for rank, chance in enumerate(ranked, start=1) if chance <= rank * rate / len(ranked)
    ]
    return accepted[-1] if accepted else 0.0
