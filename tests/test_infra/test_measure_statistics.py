"""Medians, their intervals, and what comparisons come to."""

import math

import pytest

from tests.infra.measuring.comparison import (
    Verdict,
    analyse,
    describe_failure,
    find_differences,
    judge,
)
from tests.infra.measuring.specs import RunSpec
from tests.infra.measuring.statistics import (
    Figure,
    build_figure,
    compute_level,
    compute_median_interval,
    has_level,
)
from tests.test_infra.measurings import PASSED, make_measured

SERIAL, PARALLEL = RunSpec(), RunSpec(workers=2)


@pytest.mark.parametrize(
    ("count", "rank"),
    [(1, 1), (4, 1), (5, 1), (7, 1), (8, 2), (11, 3), (15, 4)],
)
def test_interval_has_the_ranks_of_the_tables(count: int, rank: int) -> None:
    values = [float(number) for number in range(1, count + 1)]

    assert compute_median_interval(values) == (rank, count + 1 - rank)


def test_level_of_ranks_is_that_of_coins() -> None:
    assert math.isclose(compute_level(5, 1), 1 - 2 / 32)
    assert math.isclose(compute_level(8, 2), 1 - 2 * (1 + 8) / 256)
    assert [count for count in range(1, 8) if has_level(count)] == [5, 6, 7]


def test_one_outlier_moves_neither_median_nor_spread() -> None:
    figure = build_figure([10, 11, 10, 9, 10, 500, 10, 11])

    assert (figure.median, figure.spread, figure.high) == (10, 0.5, 11)


@pytest.mark.parametrize(
    ("values", "is_settled"),
    [
        ([10, 10, 10, 10], False),
        ([9.5, 10, 10, 10, 10.5], True),
        ([8, 10, 10, 10, 12.5], False),
    ],
    ids=["too few", "narrow", "wide"],
)
def test_a_figure_is_settled_within_a_tenth(values: list[float], is_settled: bool) -> None:
    assert build_figure(values).is_settled is is_settled


@pytest.mark.parametrize(
    ("parallel_s", "verdict"),
    [
        ([5, 5.2, 4.9, 5, 5.1], Verdict.FASTER),
        ([15, 15.2, 14.9, 15, 15.1], Verdict.SLOWER),
        ([8, 11, 9, 12, 8], Verdict.NOISE),
        ([9.7, 9.8, 9.7, 9.8, 9.7], Verdict.NOISE),
        ([5, 5], Verdict.NOISE),
    ],
    ids=["half", "longer", "either way", "too little to tell", "too few"],
)
def test_verdict_follows_from_pairs(parallel_s: list[float], verdict: Verdict) -> None:
    serial = [make_measured(SERIAL) for _ in parallel_s]
    parallel = [make_measured(PARALLEL, wall_s) for wall_s in parallel_s]

    assert analyse(serial, parallel).verdict is verdict


def test_a_slow_phase_of_the_machine_cancels_out() -> None:
    walls_s = [10, 30, 20, 10, 40]
    serial = [make_measured(SERIAL, wall_s) for wall_s in walls_s]
    parallel = [make_measured(PARALLEL, wall_s / 2) for wall_s in walls_s]

    analysis = analyse(serial, parallel)

    assert analysis.speedup is not None
    assert (analysis.speedup.low, analysis.speedup.high) == (2, 2)
    assert analysis.percentage == 50


def test_outcomes_that_differ_give_no_figures() -> None:
    serial = [make_measured(SERIAL)] * 3
    failed = {**PASSED, "t.py::test_b": "failed"}
    parallel = [make_measured(PARALLEL), make_measured(PARALLEL, outcomes=failed, exit_code=1)]

    analysis = analyse(serial, parallel)

    assert (analysis.verdict, analysis.percentage) == (Verdict.DIFFERENT, None)
    (one,) = analysis.differences
    assert (one.nodeid, dict(one.serial)) == ("t.py::test_b", {"passed": 3})
    assert dict(one.parallel) == {"passed": 1, "failed": 1}
    assert not one.is_unsteady


def test_a_test_that_did_not_run_differs() -> None:
    parallel = make_measured(PARALLEL, outcomes={"t.py::test_a": "passed", "t.py::new": "passed"})

    differences = find_differences([make_measured(SERIAL)], [parallel])

    assert [(one.nodeid, {*one.serial}, {*one.parallel}) for one in differences] == [
        ("t.py::new", {"not run"}, {"passed"}),
        ("t.py::test_b", {"passed"}, {"not run"}),
    ]


def test_failing_alike_everywhere_can_be_compared() -> None:
    failing = dict.fromkeys(PASSED, "failed")
    serial = [make_measured(SERIAL, outcomes=failing, exit_code=1)] * 5
    parallel = [make_measured(PARALLEL, 5, outcomes=failing, exit_code=1)] * 5

    assert analyse(serial, parallel).verdict is Verdict.FASTER


def test_a_run_that_broke_off_is_described() -> None:
    broken = make_measured(PARALLEL, exit_code=3)

    assert describe_failure(broken) == "-n 2: pytest ended with exit code 3"
    assert analyse([make_measured(SERIAL)], [broken]).verdict is Verdict.DIFFERENT


@pytest.mark.parametrize(
    ("median", "low", "high", "verdict"),
    [
        (1.5, 1.2, 1.8, Verdict.FASTER),
        (1.2, 1.02, 1.4, Verdict.NOISE),
        (1.1, 0.9, 1.3, Verdict.NOISE),
        (0.8, 0.6, 0.98, Verdict.NOISE),
        (0.5, 0.4, 0.6, Verdict.SLOWER),
    ],
)
def test_whole_interval_lies_beyond_the_noise(
    median: float, low: float, high: float, verdict: Verdict
) -> None:
    assert judge(Figure(median, low, high, spread=0.0, count=5)) is verdict
