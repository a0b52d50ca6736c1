import dataclasses
import time
from collections.abc import Collection, Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.infra.audit import Rule, audit_run
from tests.infra.records import Routing, RunRecord, Span
from tests.test_infra.runs import STARTED, make_run, make_span

EXCLUSIVE = Routing(is_exclusive=True)
SLOW = Routing(lanes=("slow",))
DB = Routing(groups=("db",))
WIDTHS = {"slow": 1, "integration": 2}

Found = set[tuple[Rule, str, int]]


def find(run: RunRecord, crashed: Collection[str] = ()) -> Found:
    """Return rule, lane and later test of each violation."""
    violations = audit_run(run, crashed=crashed).violations
    return {(found.rule, found.name, found.later.index) for found in violations}


@pytest.mark.parametrize(
    ("routings", "expected"),
    [
        ({0: EXCLUSIVE}, {(Rule.EXCLUSIVE, "", 1)}),
        ({1: EXCLUSIVE}, {(Rule.EXCLUSIVE, "", 1)}),
        ({0: SLOW, 1: SLOW}, {(Rule.LANE, "slow", 1)}),
        ({0: DB, 1: DB}, {(Rule.GROUP, "db", 1)}),
        (
            {0: Routing(lanes=("slow",), is_exclusive=True), 1: SLOW},
            {(Rule.EXCLUSIVE, "", 1), (Rule.LANE, "slow", 1)},
        ),
        ({0: SLOW, 1: Routing(lanes=("integration",))}, set()),
        ({0: DB, 1: Routing(groups=("web",))}, set()),
        ({}, set()),
    ],
    ids=["first", "second", "lane", "group", "both", "two-lanes", "two-groups", "unrouted"],
)
def test_overlap_of_a_millisecond_is_found(routings: dict[int, Routing], expected: Found) -> None:
    spans = [make_span(0, 0, 3.0, 4.0), make_span(1, 1, 3.999, 5.0)]

    assert find(make_run(spans, routings, widths=WIDTHS)) == expected


@pytest.mark.parametrize("routing", [EXCLUSIVE, SLOW], ids=["exclusive", "lane"])
def test_tests_that_touch_do_not_overlap(routing: Routing) -> None:
    spans = [make_span(0, 0, 3.0, 4.0), make_span(1, 1, 4.0, 5.0), make_span(2, 0, 4.0, 4.0)]

    assert not find(make_run(spans, {0: routing, 1: routing, 2: routing}, widths=WIDTHS))


def test_lane_of_width_two_is_exceeded_by_the_third() -> None:
    spans = [make_span(index, index, 3.0 + index / 10, 4.0) for index in range(3)]
    routings = dict.fromkeys(range(3), Routing(lanes=("integration",)))

    assert find(make_run(spans, routings, widths=WIDTHS)) == {(Rule.LANE, "integration", 2)}


def test_lane_without_a_width_is_unlimited() -> None:
    spans = [make_span(0, 0, 3.0, 4.0), make_span(1, 1, 3.0, 4.0)]

    assert not find(make_run(spans, {0: SLOW, 1: SLOW}))


def test_violation_tells_how_long_both_ran() -> None:
    spans = [make_span(0, 0, 3.0, 4.0), make_span(1, 1, 3.75, 3.875)]

    (violation,) = audit_run(make_run(spans, {0: EXCLUSIVE})).violations

    assert violation.overlap_s == 0.125
    assert (violation.earlier, violation.later) == (spans[0], spans[1])


def test_test_that_runs_on_is_seen_behind_a_shorter_one() -> None:
    long, short, exclusive = (
        make_span(0, 0, 3.0, 9.0),
        make_span(1, 1, 4.0, 5.0),
        make_span(2, 1, 6.0, 7.0),
    )

    (violation,) = audit_run(make_run([long, short, exclusive], {2: EXCLUSIVE})).violations

    assert violation.earlier == long


def test_groups_tied_by_a_test_of_both_are_one() -> None:
    spans = [make_span(index, index, 3.0 + index, 3.5 + index) for index in range(3)]
    routings = {0: DB, 1: Routing(groups=("db", "web")), 2: Routing(groups=("web",))}

    assert find(make_run(spans, routings)) == {(Rule.GROUP, "db", 1), (Rule.GROUP, "db", 2)}


@pytest.mark.parametrize(
    ("workers", "crashed", "moved"),
    [
        ((0, 0, 0, 0), [], []),
        ((0, 0, 1, 1), ["gw0"], []),
        ((0, 0, 1, 1), [], [2]),
        ((0, 0, 1, 2), ["gw0"], [3]),
        ((0, 1, 2, 2), ["gw0", "gw1"], []),
        ((0, 1, 0, 0), ["gw0", "gw1"], [2]),
    ],
    ids=["stays", "crash", "no-crash", "two-others", "two-crashes", "returns"],
)
def test_only_a_crash_moves_a_group(
    workers: Sequence[int], crashed: list[str], moved: list[int]
) -> None:
    spans = [make_span(index, gw, 3.0 + index, 4.0 + index) for index, gw in enumerate(workers)]
    run = make_run(spans, dict.fromkeys(range(4), DB))

    assert find(run, crashed) == {(Rule.GROUP, "db", index) for index in moved}


def test_crash_is_known_by_its_test() -> None:
    # The controller notes the crash after it has sent the rest to another worker.
    spans = [
        make_span(0, 0, 3.0, 4.0),
        make_span(1, 0, 5.1, 5.1, outcome="crashed"),
        make_span(2, 1, 5.0, 6.0),
    ]

    audit = audit_run(make_run(spans, dict.fromkeys(range(3), DB)))

    assert not audit.violations
    assert audit.unjudged == [spans[1]]


def test_group_on_two_workers_at_once_is_found_after_a_crash() -> None:
    spans = [make_span(0, 0, 3.0, 5.0), make_span(1, 1, 4.0, 6.0)]

    assert find(make_run(spans, {0: DB, 1: DB}), ["gw0"]) == {(Rule.GROUP, "db", 1)}


@pytest.mark.parametrize(
    ("start", "stop", "duration_s"),
    [(3.0, 90.0, 0.5), (3.0, 3.5, 9.0), (-9.0, -8.0, 1.0), (999.5, 1001.5, 2.0), (4.0, 3.5, 0.2)],
    ids=["forward", "frozen", "before", "after", "backward"],
)
def test_test_with_a_changed_clock_is_left_out_and_said(
    start: float, stop: float, duration_s: float
) -> None:
    odd = make_span(0, 0, start, stop, duration_s=duration_s)
    spans = [odd, make_span(1, 1, 3.0, 4.0), make_span(2, 1, 999.0, 1000.0)]

    audit = audit_run(make_run(spans, {0: EXCLUSIVE}))

    assert not audit.violations
    assert audit.unjudged == [odd]


def test_odd_clock_of_a_test_without_a_rule_is_not_worth_saying() -> None:
    spans = [make_span(0, 0, 3.0, 90.0, duration_s=1.0), make_span(1, 1, 3.0, 4.0)]

    assert not audit_run(make_run(spans, {1: SLOW}, widths=WIDTHS)).unjudged


def test_test_of_unknown_position_is_known_by_its_name() -> None:
    unknown = dataclasses.replace(make_span(0, 0, 3.0, 4.0), index=-1)
    spans = [unknown, make_span(1, 1, 3.5, 4.0)]

    assert find(make_run([make_span(0, 0, 3.0, 4.0)], {0: EXCLUSIVE})) == set()
    assert find(make_run(spans, {0: EXCLUSIVE})) == {(Rule.EXCLUSIVE, "", 1)}


ROUTINGS = st.builds(
    Routing,
    lanes=st.sets(st.sampled_from(["slow", "integration"])).map(lambda names: tuple(sorted(names))),
    groups=st.sampled_from([(), (), ("db",), ("web",), ("db", "web")]),
    is_exclusive=st.sampled_from([False, False, True]),
)
TIMES = st.tuples(st.integers(0, 3), st.integers(3, 30), st.integers(0, 8), ROUTINGS)


def has_both(one: Span, other: Span) -> bool:
    """Tell whether two tests ran at some time both; a test without length ran at none."""
    is_long = one.start < one.stop and other.start < other.stop
    return is_long and one.start < other.stop and other.start < one.stop


def find_by_brute_force(run: RunRecord) -> Found:
    begun = sorted(run.spans, key=lambda span: (span.start, span.stop))
    found: Found = set()
    for position, later in enumerate(begun):
        mine = run.routings[later.index]
        beside = [span for span in begun[:position] if has_both(span, later)]
        if any(mine.is_exclusive or run.routings[span.index].is_exclusive for span in beside):
            found.add((Rule.EXCLUSIVE, "", later.index))
        for lane in mine.lanes:
            # A test's end is not yet the begin of the next: all of these run when `later` begins.
            same = [span for span in beside if lane in run.routings[span.index].lanes]
            if len(same) >= WIDTHS[lane]:
                found.add((Rule.LANE, lane, later.index))
    return found


@given(st.lists(TIMES, max_size=12))
def test_sweep_finds_what_all_pairs_find(
    times: list[tuple[int, int, int, Routing]],
) -> None:
    spans = [
        make_span(index, gw, float(start), float(start + length))
        for index, (gw, start, length, _) in enumerate(times)
    ]
    run = make_run(spans, {i: routing for i, (*_, routing) in enumerate(times)}, widths=WIDTHS)

    found = find(run)

    assert {entry for entry in found if entry[0] is not Rule.GROUP} == find_by_brute_force(run)


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["a", "b", "c"])), max_size=8))
def test_group_is_kept_exactly_if_no_pair_of_it_is_on_two_workers(
    places: list[tuple[int, str]],
) -> None:
    spans = [make_span(i, gw, 3.0 + i, 3.5 + i) for i, (gw, _) in enumerate(places)]
    routings = {i: Routing(groups=(name,)) for i, (_, name) in enumerate(places)}
    pairs = combinations(places, 2)
    broken = {name for (gw, name), (other, same) in pairs if name == same and gw != other}

    assert {name for _, name, _ in find(make_run(spans, routings))} == broken


@pytest.mark.proof
def test_audit_of_30_000_tests_is_quick() -> None:
    """The bar is 0.2 s; the test allows for a busy machine, and no quadratic way passes it."""
    kinds = [Routing(lanes=("integration",)), SLOW, DB, Routing(), EXCLUSIVE]
    spans = [
        make_span(index, index % 4, 2 + index * 0.001, 2.0005 + index * 0.001 + index % 7)
        for index in range(30_000)
    ]
    run = make_run(spans, {i: kinds[i % 5] for i in range(30_000)}, widths=WIDTHS)
    began = time.process_time()

    audit = audit_run(run)

    assert time.process_time() - began < 1.0
    assert len(audit.violations) > 10_000
    assert audit.violations[0].later.start >= STARTED
