import dataclasses

import pytest

from tests.infra.records import Routing, WorkerRecord
from tests.infra.timeline import Limit, Load, Summary, find_bound, summarise
from tests.test_infra.runs import make_run, make_span

EXCLUSIVE = Routing(is_exclusive=True)
SLOW = Routing(lanes=("slow",))
PAIR = Routing(lanes=("pair",))
DB = Routing(groups=("db",))
BOTH = Routing(groups=("db", "web"))
WEB = Routing(groups=("web",))
WIDTHS = {"slow": 1, "pair": 2}


@pytest.mark.parametrize(
    ("loads", "expected"),
    [
        ([(4, None), (4, None), (4, None)], (0, 6, Limit.WORKERS, "")),
        ([(9, None), (1, None)], (0, 9, Limit.TEST, "t0")),
        ([(3, SLOW), (3, SLOW), (1, None)], (0, 6, Limit.LANE, "slow")),
        ([(5, PAIR), (4, PAIR), (5, PAIR)], (0, 7, Limit.WORKERS, "")),
        ([(3, DB), (2, BOTH), (2, WEB), (1, None)], (0, 7, Limit.GROUP, "db")),
        ([(2, EXCLUSIVE), (3, EXCLUSIVE), (4, SLOW), (1, None)], (5, 4, Limit.LANE, "slow")),
        ([(2, Routing(("slow",), is_exclusive=True)), (1, SLOW)], (2, 1, Limit.LANE, "slow")),
        ([(2, EXCLUSIVE)], (2, 0, Limit.WORKERS, "")),
        ([], (0, 0, Limit.WORKERS, "")),
    ],
    ids=[
        "workers", "test", "lane", "even", "tied-groups", "exclusive", "exclusive-in-lane",
        "only-exclusive", "nothing",
    ],
)  # fmt: skip
def test_bound_is_what_takes_longest(
    loads: list[tuple[float, Routing | None]], expected: tuple[float, float, Limit, str]
) -> None:
    made = [
        Load(f"t{i}", cost_s, routing or Routing()) for i, (cost_s, routing) in enumerate(loads)
    ]

    bound = find_bound(made, WIDTHS, workers=2)

    assert (bound.exclusive_s, bound.limited_s, bound.limit, bound.name) == expected
    assert bound.total_s == expected[0] + expected[1]


def test_lane_of_width_two_takes_half_its_sum() -> None:
    bound = find_bound([Load(f"t{i}", 3, PAIR) for i in range(4)], WIDTHS, workers=4)

    assert (bound.limited_s, bound.name, bound.width) == (6, "pair", 2)


def test_any_number_of_workers_leaves_the_longest_test() -> None:
    loads = [Load(f"t{i}", 1 + i) for i in range(9)]

    assert find_bound(loads, {}, workers=None).name == "t8"


def make_summary() -> Summary:
    spans = [
        make_span(0, 0, 2.0, 10.0),
        make_span(1, 1, 2.5, 4.5),
        make_span(2, 1, 4.5, 300.0, duration_s=2.0),
    ]
    workers = [WorkerRecord(f"gw{i}", i, 1.0, 0.5, size) for i, size in enumerate([200, 100, 0])]
    found = summarise(make_run(spans, workers=workers, worker_count=3))
    assert found is not None
    return found


def test_makespan_runs_from_ready_to_the_last_end_that_can_be_believed() -> None:
    summary = make_summary()

    assert (summary.startup_s, summary.makespan_s) == (2.0, 8.0)


def test_shares_name_the_busiest_first_and_the_idle_too() -> None:
    shares = make_summary().shares

    assert [(share.worker_id, share.ratio) for share in shares] == [
        ("gw0", 1.0),
        ("gw1", 0.5),
        ("gw2", 0.0),
    ]


def test_memory_is_told_by_size_without_the_unknown() -> None:
    assert list(make_summary().peak_rss_bytes.items()) == [("gw1", 100), ("gw0", 200)]


def test_bound_of_a_run_counts_durations_not_wall_clock() -> None:
    assert make_summary().bound.limited_s == 8.0


def test_crashed_test_counts_its_routing_though_its_position_is_unknown() -> None:
    crashed = dataclasses.replace(make_span(0, 0, 3.0, 5.0), index=-1)
    run = make_run([crashed, make_span(1, 1, 3.0, 4.0)], {0: EXCLUSIVE})

    summary = summarise(run)

    assert summary is not None
    assert summary.bound.exclusive_s == 2.0


@pytest.mark.parametrize("worker_count", [0, 2], ids=["one-process", "no-test"])
def test_run_that_distributed_nothing_has_no_summary(worker_count: int) -> None:
    spans = [make_span(0, 0, 3.0, 4.0)] if worker_count == 0 else []

    assert summarise(make_run(spans, worker_count=worker_count)) is None
