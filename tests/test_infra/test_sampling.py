import itertools

import pytest

from tests.infra.sampling import (
    bound_without_failure,
    compute_interval,
    compute_overlap_chance,
    count_accepting_passes,
    find_threshold,
)


@pytest.mark.parametrize(
    ("failures", "runs", "low", "high"),
    [
        (0, 5, 0.0, 0.434),
        (0, 10, 0.0, 0.278),
        (0, 300, 0.0, 0.013),
        (1, 10, 0.018, 0.404),
        (3, 10, 0.108, 0.603),
        (7, 10, 0.397, 0.892),
        (10, 10, 0.722, 1.0),
    ],
)
def test_interval_is_the_published_one(failures: int, runs: int, low: float, high: float) -> None:
    assert compute_interval(failures, runs) == pytest.approx((low, high), abs=0.0006)


def test_interval_ends_exactly_at_the_ends_of_the_scale() -> None:
    assert compute_interval(0, 7)[0] == 0.0
    assert compute_interval(7, 7)[1] == 1.0


@pytest.mark.parametrize(("runs", "bound"), [(5, 0.451), (10, 0.259), (50, 0.058), (300, 0.010)])
def test_bound_without_failure_is_the_published_one(runs: int, bound: float) -> None:
    assert bound_without_failure(runs) == pytest.approx(bound, abs=0.0006)
    assert (1 - bound_without_failure(runs)) ** runs == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("p0", "p1", "alpha", "beta", "passes"),
    [(0.01, 0.10, 0.05, 0.10, 24), (0.02, 0.5, 0.1, 0.02, 6)],
)
def test_passes_that_accept_are_those_of_wald(
    p0: float, p1: float, alpha: float, beta: float, passes: int
) -> None:
    assert count_accepting_passes(p0=p0, p1=p1, alpha=alpha, beta=beta) == passes
    ratio = (1 - p1) / (1 - p0)
    assert ratio**passes <= beta / (1 - alpha) < ratio ** (passes - 1)


@pytest.mark.parametrize(("runs", "bound"), [(0, 1.0), (1, 0.95), (10, 0.2589), (59, 0.0495)])
def test_bound_shrinks_with_the_runs(runs: int, bound: float) -> None:
    assert bound_without_failure(runs) == pytest.approx(bound, abs=1e-4)


def test_chance_of_an_overlap_counts_all_draws() -> None:
    draws = list(itertools.combinations(range(7), 3))
    hits = sum(sum(one < 4 for one in draw) >= 2 for draw in draws)

    assert compute_overlap_chance(7, 4, 3, 2) == pytest.approx(hits / len(draws))


def test_chance_of_no_hit_at_all_is_certain() -> None:
    assert compute_overlap_chance(10, 9, 3, 0) == 1.0


@pytest.mark.parametrize(
    ("chances", "threshold"),
    [([], 0.0), ([0.06], 0.0), ([0.04], 0.04), ([0.04, 0.9], 0.0), ([0.03, 0.9, 0.01, 0.02], 0.03)],
)
def test_threshold_falls_with_the_number_of_chances(chances: list[float], threshold: float) -> None:
    assert find_threshold(chances) == threshold
