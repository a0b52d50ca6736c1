"""What a run teaches, and what it must not make us forget."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.infra.history import History, Past, Startup
from tests.infra.records import Routing, RunRecord, Span, WorkerRecord

TODAY = date(2026, 5, 1)


def make_span(nodeid: str, duration_s: float, outcome: str = "passed") -> Span:
    return Span(0, nodeid, "gw0", 100.0, 100.0 + duration_s, duration_s, outcome)


def make_run(
    spans: Sequence[Span], nodeids: Sequence[str] | None = None, worker_count: int = 2
) -> RunRecord:
    return RunRecord(
        run_id="run",
        worker_count=worker_count,
        started=10.0,
        ready=12.5,
        finished=20.0,
        nodeids=[span.nodeid for span in spans] if nodeids is None else nodeids,
        routings={},
        widths={"slow": 1},
        spans=spans,
        workers=[WorkerRecord(f"gw{slot}", slot, 1.0, 0.5 + slot, 10**8) for slot in range(2)],
    )


def merge(history: History, *spans: Span, today: date = TODAY, count: int = 1) -> History:
    return history.merge(make_run(spans), markers=None, is_warm=False, today=today, count=count)


def merge_durations(*durations_s: float) -> History:
    history = History()
    for duration_s in durations_s:
        history = merge(history, make_span("a.py::test", duration_s))
    return history


def test_cost_is_median_of_last_five_runs() -> None:
    history = merge_durations(99.0, 99.0, 99.0, 3.0, 1.0, 2.0)

    durations_us = history.tests["a.py::test"].durations_us
    assert [duration_us // 10**6 for duration_us in durations_us] == [99, 99, 3, 1, 2]
    assert history.get_costs() == {"a.py::test": 3.0}


@pytest.mark.parametrize(
    ("outcome", "costs"),
    [
        ("failed", [2.0, 8.0]),
        ("xfailed", [2.0, 8.0]),
        ("xpassed", [2.0, 8.0]),
        ("crashed", [2.0]),
        ("rerun", [2.0]),
        ("skipped", [2.0]),
    ],
)
def test_only_whole_tests_teach_a_duration(outcome: str, costs: list[float]) -> None:
    history = merge(merge_durations(2.0), make_span("a.py::test", 8.0, outcome))

    taught = [duration_us / 1e6 for duration_us in history.tests["a.py::test"].durations_us]
    assert taught == costs


def test_skipped_test_is_expected_to_be_skipped_until_it_runs() -> None:
    skipped = merge(merge_durations(60.0), make_span("a.py::test", 0.5, "skipped"))
    ran = merge(skipped, make_span("a.py::test", 62.0))

    assert skipped.get_costs() == {"a.py::test": 0.5}
    assert skipped.get_medians() == {"a.py::test": 60.0}
    assert ran.get_costs() == {"a.py::test": 61.0}


@pytest.mark.parametrize(
    ("later", "is_failed"),
    [
        ([], True),
        (["skipped"], True),
        (["rerun"], True),
        (["crashed"], True),
        (["passed"], False),
        (["xfailed"], False),
        (["rerun", "passed"], False),
        (["passed", "failed"], True),
    ],
)
def test_failed_stays_failed_until_it_passes(later: list[str], is_failed: bool) -> None:
    history = merge(History(), make_span("a.py::test", 1.0, "failed"))

    spans = [make_span("a.py::test", 1.0, outcome) for outcome in later]
    history = history.merge(
        make_run(spans, ["a.py::test"]), markers=None, is_warm=False, today=TODAY
    )

    assert history.has_failed("a.py::test") is is_failed
    assert history.get_failed() == ({"a.py::test"} if is_failed else set())


def test_repeats_of_count_teach_their_test() -> None:
    spans = [make_span(f"a.py::test[{step}-3]", float(step)) for step in (1, 2, 3)]
    spans.append(make_span("a.py::test_par[1-9]", 1.0))

    history = merge(History(), *spans, count=3)

    assert history.get_costs() == {"a.py::test": 2.0, "a.py::test_par[1-9]": 1.0}


def test_one_failed_repeat_makes_its_test_failed() -> None:
    outcomes = {"a.py::test[1-2]": "failed", "a.py::test[2-2]": "passed"}

    history = merge(
        History(),
        *(make_span(nodeid, 1.0, outcome) for nodeid, outcome in outcomes.items()),
        count=2,
    )

    assert history.has_failed("a.py::test")
    assert history.has_failed("a.py::test[2-2]")


def test_filtered_and_stopped_runs_forget_nothing() -> None:
    history = merge(merge_durations(2.0), make_span("b.py::test", 1.0))

    # Collected both in the second run, but stopped before either.
    stopped = history.merge(
        make_run([], ["a.py::test", "c.py::test"]), markers=None, is_warm=False, today=TODAY
    )

    assert stopped.get_costs() == {"a.py::test": 2.0, "b.py::test": 1.0}
    assert stopped.tests["c.py::test"].durations_us == ()


def test_tests_not_collected_for_sixty_days_are_forgotten() -> None:
    history = merge(History(foreign={"old.py::test": 1.0}), make_span("old.py::test", 1.0))

    kept = merge(history, make_span("a.py::test", 1.0), today=TODAY + timedelta(days=60))
    dropped = merge(history, make_span("a.py::test", 1.0), today=TODAY + timedelta(days=61))

    assert set(kept.get_costs()) == {"old.py::test", "a.py::test"}
    assert set(dropped.get_costs()) == {"a.py::test"}


def test_routings_and_markers_are_those_of_the_last_collection() -> None:
    slow = Routing(lanes=("slow",))
    run = make_run([make_span("a.py::test", 1.0), make_span("b.py::test", 1.0)])
    first = History().merge(
        replace(run, routings={0: slow}), markers={0: ("slow",)}, is_warm=False, today=TODAY
    )

    second = first.merge(run, markers=None, is_warm=False, today=TODAY)

    assert first.tests["a.py::test"].routing == slow
    assert first.get_markers() == {"a.py::test": ("slow",), "b.py::test": ()}
    assert second.tests["a.py::test"].routing == Routing()
    assert second.get_markers() == first.get_markers()


def test_durations_file_counts_for_tests_without_a_past() -> None:
    history = History(
        tests={"a.py::test": Past((2_000_000,)), "b.py::test": Past()},
        foreign={"a.py::test": 9.0, "b.py::test": 8.0, "c.py::test": 7.0},
    )

    costs = {"a.py::test": 2.0, "b.py::test": 8.0, "c.py::test": 7.0}

    assert history.get_costs() == costs
    assert history.get_markers()["c.py::test"] is None


def test_startup_is_told_by_run_and_workers() -> None:
    history = merge(History(), make_span("a.py::test", 1.0))

    assert history.startups == (
        Startup(2, is_warm=False, test_count=1, wall_s=2.5, cpu_s=1.0, peak_rss_bytes=10**8),
    )
    assert history.widths == {"slow": 1}


def test_startups_of_each_kind_are_kept() -> None:
    history = History()
    run = make_run([make_span("a.py::test", 1.0)])
    alone = make_run([make_span("a.py::test", 1.0)], worker_count=0)

    history = history.merge(run, markers=None, is_warm=True, today=TODAY)
    for _ in range(7):
        history = history.merge(alone, markers=None, is_warm=False, today=TODAY)

    kinds = [(startup.worker_count, startup.is_warm) for startup in history.startups]
    assert kinds == [(2, True), *[(0, False)] * 5]


def test_run_without_tests_tells_no_startup() -> None:
    assert merge(History()).startups == ()
