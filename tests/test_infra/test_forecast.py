"""Predictions of start-ups and of whole runs."""

import heapq
import math
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.infra.forecast import (
    PIECES,
    SLACK_S,
    TEST_S,
    StartupModel,
    Work,
    build_floor,
    bundle,
    list_counts,
    predict_totals,
    split_by_routing,
)
from tests.infra.history import Startup
from tests.infra.records import Routing

PLAIN = Routing()
SERIAL = Routing(is_exclusive=True)
SLOW = Routing(lanes=("slow",))


def simulate(
    costs_s: Sequence[float], routings: Sequence[Routing], widths: Mapping[str, int], count: int
) -> float:
    """Exclusive tests first, each lane on one worker, then the longest to whoever is free."""
    assert set(widths.values()) <= {1}
    serial_s = 0.0
    pieces: dict[str, float] = {}
    for index, (cost_s, routing) in enumerate(zip(costs_s, routings, strict=True)):
        if routing.is_exclusive:
            serial_s += cost_s
        else:
            name = routing.lanes[0] if routing.lanes else str(index)
            pieces[name] = pieces.get(name, 0.0) + cost_s
    free = [0.0] * count
    for cost_s in sorted(pieces.values(), reverse=True):
        heapq.heapreplace(free, free[0] + cost_s)
    return serial_s + max(free)


def make_startup(
    worker_count: int,
    wall_s: float,
    *,
    cpu_s: float = 0.0,
    test_count: int = 100,
    is_warm: bool = False,
) -> Startup:
    return Startup(worker_count, is_warm, test_count, wall_s, cpu_s, 0)


@pytest.mark.parametrize(
    ("startups", "count", "predicted_s"),
    [
        pytest.param([make_startup(4, 3.0)], 4, 3.0, id="measured"),
        pytest.param([make_startup(2, 3.0)], 4, 3.3, id="two gateways more"),
        pytest.param([make_startup(8, 6.0)], 4, 2.4, id="measured beyond the cores"),
        pytest.param([make_startup(4, 2.0)], 8, 4.6, id="predicted beyond the cores"),
        pytest.param([make_startup(4, s) for s in (1.0, 9.0, 2.0)], 4, 2.0, id="median of several"),
        pytest.param(
            [make_startup(4, 9.0, test_count=2), make_startup(4, 3.0)], 4, 3.0, id="alike runs"
        ),
        pytest.param([make_startup(0, 1.5, cpu_s=1.0)], 2, 1.3, id="from a run in one process"),
        pytest.param([make_startup(0, 1.5, cpu_s=1.0)], 8, 3.2, id="beyond the cores, likewise"),
        pytest.param([make_startup(0, 1.5), make_startup(2, 9.0)], 0, 1.5, id="in one process"),
        pytest.param([make_startup(2, 9.0, cpu_s=1.2)], 0, 1.0, id="from a worker"),
        pytest.param([make_startup(4, 1.0, is_warm=True)], 2, 0.8, id="warm tells nothing of cold"),
        pytest.param([], 2, 0.8, id="nothing known"),
    ],
)
def test_startup_is_predicted_from_past_runs(
    startups: list[Startup], count: int, predicted_s: float
) -> None:
    model = StartupModel(startups, cores=4, test_count=100)

    assert model.predict(count) == pytest.approx(predicted_s)


def test_warm_startup_is_that_of_warm_runs_or_else_of_cold_ones() -> None:
    cold, warm = make_startup(2, 4.0), make_startup(2, 1.0, is_warm=True)

    both = StartupModel([cold, warm], 4, 100, is_warm=True)
    only_cold = StartupModel([cold], 4, 100, is_warm=True)

    assert both.predict(4) == 1.0
    assert only_cold.predict(2) == 4.0


def test_counts_are_all_small_ones_and_fewer_large_ones() -> None:
    assert list(list_counts(1)) == []
    assert list(list_counts(4)) == [2, 3, 4]
    assert list(list_counts(40)) == [2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 22, 27, 33, 40]


def test_totals_leave_out_what_cannot_be_best() -> None:
    work = Work([8.0, *[1.0] * 8], [SERIAL, *[PLAIN] * 8])
    startup = StartupModel([make_startup(0, 1.0), make_startup(4, 2.0)], 32, 9)

    totals = predict_totals(work, startup, 32, simulate)

    # Eight workers reach the floor, so nine can't help; with two it would take 14 s.
    assert set(totals) == {0, 4, 5, 6, 7, 8}
    assert totals[0] == pytest.approx(17.0, abs=0.01)
    assert totals[4] == pytest.approx(12.0, abs=0.01)
    assert totals[8] == pytest.approx(11.6, abs=0.01)


def test_totals_hold_one_count_to_compare_with() -> None:
    startup = StartupModel([make_startup(0, 1.0), make_startup(4, 9.0)], 32, 2)

    totals = predict_totals(Work([1.0, 1.0], [PLAIN, PLAIN]), startup, 32, simulate)

    assert totals == pytest.approx({0: 3.0, 2: 9.7}, abs=0.01)


def test_many_short_tests_take_the_time_of_their_reports() -> None:
    work = Work([0.0] * 10_000, [PLAIN] * 10_000)
    startup = StartupModel([make_startup(0, 1.0), make_startup(4, 1.0)], 64, 10_000)

    totals = predict_totals(work, startup, 64, simulate)

    assert totals == pytest.approx({0: 4.0, 2: 4.7})


@given(
    st.lists(
        st.tuples(st.floats(0, 30), st.sampled_from([PLAIN, PLAIN, SERIAL, SLOW])),
        min_size=1,
        max_size=40,
    ),
    st.floats(0, 3),
)
def test_nothing_left_out_would_have_been_chosen(
    tests: list[tuple[float, Routing]], wall_s: float
) -> None:
    work = Work([cost_s for cost_s, _ in tests], [routing for _, routing in tests], {"slow": 1})
    startup = StartupModel([make_startup(0, 1.0), make_startup(4, wall_s)], 12, len(tests))
    totals = predict_totals(work, startup, 12, simulate)

    for count in range(2, min(12, len(tests)) + 1):
        costs_s = [cost_s + TEST_S for cost_s in work.costs_s]
        total_s = startup.predict(count) + simulate(costs_s, work.routings, work.widths, count)
        # Bundles make the last piece longer, by a share in `PIECES`.
        assert min(totals.values()) <= (total_s + SLACK_S) * (1 + 2 / PIECES)


def test_floor_adds_serial_tests_to_the_longest_chain() -> None:
    costs_s = {SERIAL: [5.0], SLOW: [2.0, 2.0], PLAIN: [3.0, 1.0]}

    floor = build_floor(costs_s, {"slow": 1})

    assert floor.get_makespan(math.inf) == 9.0
    assert floor.get_makespan(1) == 13.0


@given(
    st.lists(st.tuples(st.floats(0, 100), st.sampled_from([PLAIN, SERIAL, SLOW])), min_size=1),
    st.floats(0.001, 100),
)
def test_bundles_hold_all_the_work(tests: list[tuple[float, Routing]], longest_s: float) -> None:
    work = Work([cost_s for cost_s, _ in tests], [routing for _, routing in tests])
    costs_s = split_by_routing(work)

    pieces = list(bundle(costs_s, longest_s))

    assert sum(cost_s for cost_s, _ in pieces) == pytest.approx(sum(map(sum, costs_s.values())))
    assert {routing for _, routing in pieces} == set(costs_s)
    longest_test_s = max(map(max, costs_s.values()))
    limited = [cost_s for cost_s, routing in pieces if not routing.is_exclusive]
    assert max(limited, default=0.0) <= max(longest_test_s, longest_s) + 1e-9
