"""How near the dispatcher comes to the bound, with workers that only count time."""

import random

import pytest

from tests.infra.plan import Plan, find_groups
from tests.infra.records import Routing
from tests.infra.simulation import predict_makespan, simulate
from tests.infra.timeline import Load, find_bound
from tests.test_infra.test_dispatch import make_plan


def compute_bound(plan: Plan, workers: int) -> float:
    loads = [
        Load(nodeid, plan.costs_s[index], plan.routings.get(index, Routing()))
        for index, nodeid in enumerate(plan.nodeids)
    ]
    return find_bound(loads, plan.widths, workers=workers).total_s


def make_skewed(seed: int, *, in_lanes: int) -> Plan:
    """400 tests, 5% of them 40 times as long; five exclusive; two lanes, of width 1 and 2."""
    chooser = random.Random(seed)
    costs_s = [chooser.uniform(0.01, 0.03) for _ in range(400)]
    for index in chooser.sample(range(400), 20):
        costs_s[index] = 0.8
    alone, first, second = Routing(is_exclusive=True), Routing(("a",)), Routing(("b",))
    kinds = [alone] * 5 + [first] * in_lanes + [second] * in_lanes
    order = chooser.sample(range(400), len(kinds))
    nodeids = [f"t{index // 20}.py::test_{index}" for index in range(400)]
    return Plan(nodeids, costs_s, dict(zip(order, kinds, strict=True)), {"a": 1, "b": 2})


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("workers", [1, 2, 4, 8])
@pytest.mark.parametrize("in_lanes", [60, 150])
def test_skewed_suite_is_near_its_bound(seed: int, workers: int, in_lanes: int) -> None:
    plan = make_skewed(seed, in_lanes=in_lanes)

    makespan_s = predict_makespan(plan, workers)

    assert makespan_s <= 1.05 * compute_bound(plan, workers)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("workers", [2, 4])
def test_skewed_suite_without_history_is_not_far_from_its_bound(seed: int, workers: int) -> None:
    plan = make_skewed(seed, in_lanes=60)
    blind = Plan(plan.nodeids, [0.01] * 400, plan.routings, plan.widths)

    makespan_s = predict_makespan(blind, workers, durations_s=plan.costs_s)

    assert makespan_s <= 1.25 * compute_bound(plan, workers)


def test_work_that_turns_out_longer_is_taken_back() -> None:
    """What one worker was sent takes a hundred times as long as expected."""
    nodeids = [f"t.py::test_{index}" for index in range(80)]
    durations_s = [1.0 if index < 20 else 0.01 for index in range(80)]

    makespan_s = predict_makespan(Plan(nodeids, [0.01] * 80), 4, durations_s=durations_s)

    assert makespan_s <= 1.25 * sum(durations_s) / 4


def test_random_lanes_keep_the_workers_busy() -> None:
    ratios = []
    for seed in range(60):
        plan = make_plan(seed, 100)
        longest_group = max([0.0, *sum_groups(plan).values()])
        bound_s = max(compute_bound(plan, 1 + seed % 8), longest_group)
        ratios.append(predict_makespan(plan, 1 + seed % 8) / bound_s)

    assert sum(ratios) / len(ratios) < 1.1


def sum_groups(plan: Plan) -> dict[str, float]:
    sums: dict[str, float] = {}
    for index, group in find_groups(plan).items():
        sums[group] = sums.get(group, 0.0) + plan.costs_s[index]
    return sums


def test_simulation_of_bare_costs() -> None:
    alone = Routing(is_exclusive=True)

    makespan_s = simulate([1.0, 2.0, 3.0], [alone, Routing(), Routing()], {}, 2)

    assert 4.0 <= makespan_s < 4.1
