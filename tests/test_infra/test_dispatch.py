"""The dispatcher with workers whose messages take their time; every start of a test is checked."""

import random
from collections import Counter

import pytest

from tests.infra.plan import Plan
from tests.infra.records import Routing
from tests.test_infra.crew import RandomCrew

DISTS = ("load", "worksteal", "loadgroup", "loadscope", "loadfile")


def make_plan(seed: int, tests: int, dist: str = "load") -> Plan:
    """Random tests: exclusive ones, lanes of width 1 to 3, tests in two of them, groups."""
    chooser = random.Random(seed)
    routings: dict[int, Routing] = {}
    for index in range(tests):
        lanes = [lane for lane in ("a", "b", "c") if chooser.random() < 0.2]
        groups = [group for group in ("g", "h", "i") if chooser.random() < 0.08]
        is_exclusive = chooser.random() < 0.1
        if lanes or groups or is_exclusive:
            routings[index] = Routing(tuple(lanes), tuple(groups), is_exclusive)
    return Plan(
        nodeids=[f"t{chooser.randrange(4)}.py::test_{index}" for index in range(tests)],
        costs_s=[chooser.choice((0.001, 0.01, 0.3)) for _ in range(tests)],
        routings=routings,
        widths={"a": 1, "b": 2, "c": 3},
        failed={index for index in range(tests) if chooser.random() < 0.05},
        dist=dist,
    )


@pytest.mark.parametrize("dist", DISTS)
@pytest.mark.parametrize("seed", range(40))
def test_lanes_hold_and_every_test_runs_once(dist: str, seed: int) -> None:
    crew = RandomCrew(make_plan(seed, seed, dist), workers=1 + seed % 8, seed=seed)

    crew.play()

    assert crew.count_runs() == Counter(range(seed))
    assert not crew.find_spread_groups()


@pytest.mark.parametrize("dist", DISTS)
@pytest.mark.parametrize("seed", range(40))
def test_crashes_lose_nothing_and_break_no_lane(dist: str, seed: int) -> None:
    crew = RandomCrew(make_plan(seed, 40, dist), workers=1 + seed % 8, seed=seed, crashes=4)

    crew.play()

    assert crew.count_runs() == Counter(range(40))
    assert crew.find_spread_groups() <= crew.moved_groups


@pytest.mark.parametrize("seed", range(50))
def test_test_that_runs_again_after_a_crash_breaks_no_lane(seed: int) -> None:
    plan = make_plan(seed, 40)
    crew = RandomCrew(plan, workers=2 + seed % 4, seed=seed, crashes=6, again=6)

    crew.play()

    assert crew.count_runs() == Counter(range(40))


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("chunk", [None, 1])
def test_run_that_is_ended_breaks_no_lane(seed: int, chunk: int | None) -> None:
    plan = make_plan(seed, 60)
    crew = RandomCrew(plan, workers=1 + seed % 6, seed=seed, stops=True, chunk=chunk)

    crew.play()

    assert crew.is_stopped or crew.count_runs() == Counter(range(60))
