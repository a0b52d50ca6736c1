import itertools
from collections.abc import Sequence

import pytest

from tests.infra.hunting.conditions import INTERLEAVED
from tests.infra.hunting.lab import BASE_HASH_SEED, REVERSED_FILES
from tests.infra.hunting.survey import (
    CLOCKS,
    FEW,
    HASH_SEEDS,
    ZONES,
    Step,
    build_meetings,
    build_repeats,
    build_survey,
    choose_orders,
)
from tests.infra.hunting.trials import Cast


def build(tests: int, *, seed: int = 7, has_time_machine: bool = True) -> list[Step]:
    return build_survey(tests, cores=2, seed=seed, has_time_machine=has_time_machine)


def get_casts(steps: Sequence[Step]) -> list[Cast]:
    return [cast for step in steps for cast in step.request.casts]


@pytest.mark.parametrize("tests", [1, 2, 5, FEW, FEW + 1, 100])
def test_every_run_has_every_test(tests: int) -> None:
    for cast in get_casts(build(tests)):
        assert set(cast.tests) == set(range(tests))


def test_first_run_is_the_plain_one() -> None:
    first = build(5)[0]

    assert (first.axis, first.hash_seed) == ("natural order", BASE_HASH_SEED)
    assert [cast.tests for cast in first.request.casts] == [(0, 1, 2, 3, 4)]
    assert first.request.casts[0].is_watched


def test_orders_put_each_test_before_each_other_and_itself() -> None:
    orders = next(step for step in build(5) if step.axis == "orders")

    before = {
        (one, other)
        for cast in orders.request.casts
        for place, other in enumerate(cast.tests)
        for one in cast.tests[:place]
    }
    assert before == set(itertools.product(range(5), repeat=2))


@pytest.mark.parametrize("tests", range(2, FEW + 1))
def test_few_tests_run_beside_each_other_all(tests: int) -> None:
    company = [one for one in build(tests) if one.request.in_step]

    pairs = {
        frozenset(pair)
        for step in company
        for meeting in zip(*(cast.tests for cast in step.request.casts), strict=True)
        for pair in itertools.combinations(meeting, 2)
    }
    assert len(pairs) == tests * (tests + 1) // 2


@pytest.mark.parametrize(("tests", "casts"), [(1, 0), (7, 3), (FEW, 4), (1000, 6)])
def test_beside_others_few_processes_are_enough(tests: int, casts: int) -> None:
    found = [one for one in build(tests) if one.axis == "beside others"]

    assert sum(len(one.request.casts) for one in found) == casts
    for step in found:
        assert {bool(cast.conditions.pauses) for cast in step.request.casts} == {False, True}


def test_survey_varies_hash_seed_zone_listing_threads_clock_and_load() -> None:
    steps = build(5)
    conditions = [cast.conditions for cast in get_casts(steps)]

    assert {step.hash_seed for step in steps} == {BASE_HASH_SEED, REVERSED_FILES, *HASH_SEEDS}
    assert {one.zone for one in conditions} == {"", *ZONES}
    assert {one.clock for one in conditions} == {"", *CLOCKS}
    assert {one.threads for one in conditions} == {"", INTERLEAVED}
    assert {one.listing for one in conditions} > {0}
    assert any(step.request.busy and step.request.writing for step in steps)


def test_clock_is_left_alone_where_it_can_not_be_set() -> None:
    casts = get_casts(build(5, has_time_machine=False))

    assert not any(cast.conditions.clock for cast in casts)


def test_only_one_thing_is_varied_at_a_time() -> None:
    for step in build(5):
        for cast in step.request.casts:
            varied = set(cast.conditions.to_data()) - {"seed"}
            assert len(varied) + bool(step.hash_seed) + bool(step.request.busy) <= 1, step.axis


def test_seed_decides_orders_and_random_numbers() -> None:
    assert build(20) == build(20)
    assert build(20) != build(20, seed=8)
    seeds = [cast.conditions.seed for cast in get_casts(build(20))]
    others = {cast.conditions.seed for cast in get_casts(build(20, seed=8))}
    assert all(seeds)
    assert not others & set(seeds)


def test_meetings_let_two_tests_begin_together_with_pauses() -> None:
    meetings = list(build_meetings([(0, 3), (2, 2)], 70))

    assert [[cast.tests for cast in one.casts] for one in meetings] == [
        [(0,), (3,)],
        [(2,), (2,)],
    ]
    assert all(one.in_step for one in meetings)
    assert len({one.casts[0].conditions.pauses for one in meetings} - {0}) == 2


@pytest.mark.parametrize(("tests", "orders"), [(1, 12), (10, 12), (30, 5), (150, 4), (9000, 4)])
def test_few_tests_run_in_many_orders(tests: int, orders: int) -> None:
    assert choose_orders(tests) == orders


def test_repeats_differ_in_their_random_numbers() -> None:
    request = build_repeats([1, 4], 3, 50)

    assert [sorted(cast.tests) for cast in request.casts] == [[1, 4]] * 3
    assert len({cast.conditions.seed for cast in request.casts}) == 3
