import pytest

from tests.infra.hunting.chances import find_chance_of_more, find_interval
from tests.infra.hunting.verdicts import Tally


@pytest.mark.parametrize(
    ("before", "after", "chance"),
    [
        (Tally(4, 0), Tally(4, 4), 1 / 70),
        (Tally(24, 0), Tally(8, 8), 9.507e-8),
        (Tally(10, 0), Tally(10, 5), 0.01625387),
        (Tally(10, 3), Tally(10, 3), 0.686),
        (Tally(5, 5), Tally(5, 0), 1.0),
        (Tally(0, 0), Tally(4, 4), 1.0),
        (Tally(), Tally(), 1.0),
    ],
    ids=["lady-tasting-tea", "sure", "likely", "same", "fewer", "nothing-before", "nothing"],
)
def test_chance_of_more_failures_is_fisher_s(before: Tally, after: Tally, chance: float) -> None:
    assert find_chance_of_more(before, after) == pytest.approx(chance, rel=2e-3)


@pytest.mark.parametrize(
    ("tally", "low", "high"),
    [
        (Tally(10, 3), 0.1078, 0.6032),
        (Tally(10, 0), 0.0, 0.2775),
        (Tally(10, 10), 0.7225, 1.0),
        (Tally(), 0.0, 1.0),
    ],
    ids=["some", "none", "all", "no-run"],
)
def test_interval_is_wilson_s(tally: Tally, low: float, high: float) -> None:
    assert find_interval(tally) == pytest.approx((low, high), abs=1e-4)
