"""The smallest list that keeps a failure, against models of tests that pollute and clean."""

import itertools
import random
from collections.abc import Callable, Sequence
from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.infra.hunting.minimise import Budget, Smallest, minimise

Predicate = Callable[[tuple[int, ...]], bool]

SMALL = 9


class Suite:
    """Tests by number, tried in lists; notes what was asked, and checks how."""

    def __init__(self, fails: Predicate) -> None:
        self.fails = fails
        self.asked: list[tuple[int, ...]] = []
        self.batches: list[int] = []

    def __call__(self, batch: Sequence[Sequence[int]]) -> list[bool]:
        questions = [tuple(one) for one in batch]
        assert all(one == tuple(sorted(one)) for one in questions), "the order is lost"
        assert not set(questions) & set(self.asked), "asked twice"
        self.asked += questions
        self.batches.append(len(questions))
        return [self.fails(one) for one in questions]


def need(*polluters: int) -> Predicate:
    """Fail where all of these ran."""
    return lambda tests: set(polluters) <= set(tests)


@given(st.integers(0, 999))
@settings(max_examples=30)
def test_one_polluter_of_a_thousand_takes_two_questions_for_each_halving(polluter: int) -> None:
    suite = Suite(need(polluter))

    found = minimise(range(1000), suite)

    assert found.kept == (polluter,)
    assert found.is_minimal
    assert found.questions == len(suite.asked)
    assert found.questions <= 2 * log2(1000) + 3
    assert max(suite.batches) == 2


@given(st.lists(st.sets(st.integers(0, SMALL - 1), min_size=1), min_size=1, max_size=4))
def test_monotone_model_gives_one_of_its_minimal_sets(causes: list[set[int]]) -> None:
    minimal = [cause for cause in causes if not any(other < cause for other in causes)]
    suite = Suite(lambda tests: any(cause <= set(tests) for cause in causes))

    found = minimise(range(SMALL), suite)

    assert set(found.kept) in minimal
    assert found.is_minimal


@given(st.integers(0, 2 ** (2**4) - 1), st.integers(2, 4))
def test_any_model_at_all_ends_where_no_part_fails(table: int, width: int) -> None:
    def fails(tests: tuple[int, ...]) -> bool:
        return bool(table >> sum(1 << test for test in tests) & 1)

    found = minimise(range(4), Suite(fails), width=width)

    assert found.is_failing == (fails(()) or fails((0, 1, 2, 3)))
    if found.is_failing:
        parts = itertools.chain.from_iterable(
            itertools.combinations(found.kept, size) for size in range(len(found.kept))
        )
        assert fails(found.kept)
        assert not any(map(fails, parts))
        assert found.is_minimal


@given(st.integers(0, 2**32))
def test_model_without_any_rule_ends_one_minimal(seed: int) -> None:
    whole = tuple(range(12))

    def fails(tests: tuple[int, ...]) -> bool:
        chance = random.Random(f"{seed} {tests}")
        return tests == whole or (len(tests) > 3 and chance.random() < 0.2)

    found = minimise(whole, Suite(fails))

    rests = itertools.combinations(found.kept, len(found.kept) - 1)
    assert fails(found.kept)
    assert not any(map(fails, rests))
    assert found.is_minimal


@given(st.sets(st.integers(0, 999), min_size=2, max_size=2))
@settings(max_examples=20)
def test_two_polluters_of_a_thousand_take_four_questions_for_each_halving(
    polluters: set[int],
) -> None:
    found = minimise(range(1000), Suite(need(*polluters)))

    assert set(found.kept) == polluters
    assert found.questions <= 4 * log2(1000) + 5


Effect = st.sampled_from([*"ABab", ""])


@given(st.lists(Effect, max_size=40), st.sampled_from(["A", "AB"]))
def test_cleaners_that_come_later_are_survived(effects: list[str], needed: str) -> None:
    def fails(tests: tuple[int, ...]) -> bool:
        state: set[str] = set()
        for test in tests:
            state.discard(effects[test].upper())
            state |= {effects[test]} & set("AB")
        return set(needed) <= state

    found = minimise(range(len(effects)), Suite(fails))

    assert found.is_failing == fails(tuple(range(len(effects))))
    if found.is_failing:
        assert sorted(effects[test] for test in found.kept) == sorted(needed)


def test_polluter_between_cleaners_that_undo_each_other_is_found() -> None:
    # Each single removal from 20, 50, 70 passes, and still 50 alone fails.
    def fails(tests: tuple[int, ...]) -> bool:
        return 50 in tests and ((20 in tests) == (70 in tests))

    found = minimise(range(100), Suite(fails))

    assert found.kept == (50,)


def test_failure_alone_needs_no_polluter() -> None:
    suite = Suite(need())

    found = minimise(range(1000), suite)

    assert found == Smallest((), is_failing=True, is_minimal=True, questions=1)


def test_list_that_passes_is_told() -> None:
    suite = Suite(need(1000))

    found = minimise(range(1000), suite)

    assert found == Smallest((), is_failing=False, is_minimal=False, questions=2)


def test_hint_that_is_right_ends_the_search() -> None:
    suite = Suite(need(700))

    found = minimise(range(1000), suite, hints=[3, 700])

    assert found.kept == (700,)
    assert sorted(suite.asked) == [(), (3,), (700,)]


def test_hints_that_are_needed_together_are_tried_together() -> None:
    suite = Suite(need(3, 700))

    found = minimise(range(1000), suite, hints=[700, 3, 5, -1])

    assert found.kept == (3, 700)
    assert found.questions < 12


def test_wrong_hints_cost_few_questions() -> None:
    suite = Suite(need(20))

    found = minimise(range(64), suite, hints=[1, 2])

    assert found.kept == (20,)
    assert found.questions <= 2 * log2(64) + 5


def test_setter_is_found_with_the_question_turned_round() -> None:
    def passes(tests: tuple[int, ...]) -> bool:
        return 12 in tests

    found = minimise(range(40), Suite(passes))

    assert found.kept == (12,)


def test_width_is_how_many_are_tried_at_once() -> None:
    suite = Suite(need(5, 40))

    found = minimise(range(64), suite, width=4)

    assert found.kept == (5, 40)
    assert max(suite.batches) == 4


@given(st.integers(1, 60))
def test_spent_budget_gives_the_smallest_list_known(questions: int) -> None:
    suite = Suite(need(5, 300, 301))

    found = minimise(range(512), suite, budget=Budget(questions))

    failing = [one for one in suite.asked if suite.fails(one)]
    assert found.is_failing == bool(failing)
    assert found.kept == min(failing, key=len, default=())
    assert found.is_minimal <= (found.kept == (5, 300, 301))
    assert found.questions <= questions + 1


def test_deadline_is_on_the_clock_that_was_given() -> None:
    ticks = itertools.count()
    suite = Suite(need(5))

    found = minimise(range(64), suite, budget=Budget(deadline=3, clock=lambda: next(ticks)))

    assert len(suite.batches) == 3
    assert found.is_failing
    assert not found.is_minimal


@pytest.mark.parametrize("unclear", [(5, 300), (300,)], ids=["the list", "a removal"])
def test_unclear_answer_is_no_proof(unclear: tuple[int, ...]) -> None:
    def answer(batch: Sequence[Sequence[int]]) -> list[bool | None]:
        return [None if tuple(one) == unclear else need(5, 300)(tuple(one)) for one in batch]

    found = minimise(range(512), answer)

    assert {5, 300} <= set(found.kept)
    assert not found.is_minimal
