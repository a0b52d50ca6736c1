"""Which way to run is the best, and what is said about it."""

from dataclasses import replace

import pytest

from tests.infra.measuring.specs import Workers
from tests.infra.records import Routing
from tests.infra.tuning.advice import Case, list_recommendations
from tests.infra.tuning.candidates import Setup
from tests.infra.tuning.rendering import render_results
from tests.infra.tuning.results import Results, Trial, find_optimum
from tests.infra.tuning.scopes import ALL, Scope


def make_trial(workers: Workers, *runs_s: float, scope: str = ALL, used: int = 2) -> Trial:
    return Trial(scope, Setup(workers), 5.0, runs_s, 0 if workers == 0 else used)


def make_case(*trials: Trial, costs_s: tuple[float, ...] = (0.1,) * 9, lane: str = "") -> Case:
    names = [f"t.py::test_{number}" for number in range(len(costs_s))]
    routings = [Routing(lanes=(lane,) if lane else ())] * len(names)
    scope = Scope(trials[0].scope, names, routings, {lane: 1} if lane else {})
    costs = dict(zip(names, costs_s, strict=True))
    return Case(scope, costs, trials, find_optimum(trials, {}))


def advise(case: Case, *, has_workers: bool = True) -> list[str]:
    return list_recommendations([case], has_workers=has_workers, has_categories=False, unsteady=())


@pytest.mark.parametrize(
    ("trials", "workers"),
    [
        pytest.param([(0, 9.0), (2, 5.0), (3, 4.0)], 3, id="the fastest"),
        pytest.param([(0, 9.0), (2, 4.1), (3, 4.0)], 2, id="fewer of equals"),
        pytest.param([(0, 4.1), (2, 4.0)], 0, id="one process of equals"),
        pytest.param([(0, 9.0), (3, 4.0), ("auto", 4.1)], "auto", id="auto as good"),
        pytest.param([(0, 9.0), (3, 4.0), ("auto", 5.0)], 3, id="auto is slower"),
        pytest.param([(0, 4.0), (2, 9.0), ("auto", 4.1)], "auto", id="auto takes one process"),
    ],
)
def test_the_simplest_of_the_fastest_is_chosen(
    trials: list[tuple[Workers, float]], workers: Workers
) -> None:
    optimum = find_optimum([make_trial(count, took_s) for count, took_s in trials], {})

    assert optimum is not None
    assert optimum.trial.setup.workers == workers


def test_runs_that_spread_are_no_proof_of_a_gain() -> None:
    sequential = make_trial(0, 9.0, 9.0, 9.0)
    spread = make_trial(3, 2.0, 4.0, 7.0)
    steady = make_trial(2, 5.0, 5.0, 5.0)

    optimum = find_optimum([sequential, spread, steady], {})

    assert optimum is not None
    assert optimum.trial is steady


def test_nothing_is_best_without_a_run_in_one_process() -> None:
    assert find_optimum([make_trial(2, 5.0), make_trial(0)], {}) is None


def test_what_ends_otherwise_or_was_widened_in_few_runs_is_not_best() -> None:
    differing = replace(make_trial(4, 1.0), differing=("t.py::test_1",))
    widened = replace(make_trial(3, 1.0, 1.0), setup=Setup(3, (("db", 3),)))

    optimum = find_optimum([make_trial(0, 9.0), make_trial(2, 5.0), differing, widened], {})

    assert optimum is not None
    assert optimum.trial.setup == Setup(2)
    assert optimum.speedup == pytest.approx(1.8)


@pytest.mark.parametrize(
    ("trials", "line"),
    [
        pytest.param(
            [(0, 0.9), (2, 1.6)],
            "run integration tests in one process: 0.90 s instead of 1.6 s with -n 2",
            id="one process",
        ),
        pytest.param(
            [(0, 9.0), (2, 4.0), ("auto", 6.0)],
            "run integration tests with -n 2: 4.0 s instead of 9.0 s in one process, "
            "and 6.0 s with -n auto",
            id="a number",
        ),
        pytest.param(
            [(0, 9.0), (2, 4.0), ("auto", 4.0)],
            "keep -n auto for integration tests: it chooses 2 workers, 4.0 s; the best fixed "
            "number, 4.0 s with -n 2, is not faster",
            id="auto",
        ),
    ],
)
def test_workers_are_recommended(trials: list[tuple[Workers, float]], line: str) -> None:
    case = make_case(*(make_trial(count, took, scope="integration") for count, took in trials))

    assert advise(case)[0] == line


def test_what_bounds_the_run_is_named() -> None:
    trials = (make_trial(0, 9.0), make_trial(2, 5.0))

    large = advise(make_case(*trials, costs_s=(2.0, 1.0, 1.0)))
    lane = advise(make_case(*trials, costs_s=(0.5,) * 9, lane="db"))

    assert large[1] == "t.py::test_0 takes 40% of the run on workers: split it"
    assert lane[1].startswith("lane db alone needs 4.5 s of the 5.0 s on workers")


def test_a_lane_that_gains_nothing_is_left() -> None:
    wide = replace(make_trial(2, 5.0, 5.0, 5.0), setup=Setup(2, (("db", 2),)))
    case = make_case(make_trial(0, 9.0), make_trial(2, 5.0), wide, lane="db")

    assert "widening lane db from 1 to 2 gains nothing for all tests (0%): leave it" in advise(case)


def test_table_shows_how_far_predictions_are_off() -> None:
    trials = [make_trial(2, 4.0), make_trial("auto", 5.0), replace(make_trial(0), runs_s=())]
    results = Results(trials, recommendations=["do this"], cores=2, rounds=1)

    lines = render_results(results, ["pytest.ini: -n 2"]).splitlines()

    assert lines[3].split() == ["all", "2", "5.00", "s", "4.00", "s", "+25%", "1"]
    assert lines[4].split()[:3] == ["all", "auto", "(2)"]
    assert lines[5].split() == ["all", "0", "5.00", "s", "0"]
    assert lines[-4:] == ["- do this", "", "written:", "  pytest.ini: -n 2"]
