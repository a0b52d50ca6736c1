"""The sequential test, and searches whose answers come and go."""

import random
from collections.abc import Sequence

import pytest

from tests.infra.hunting.minimise import minimise
from tests.infra.hunting.sequential import MOST_RUNS, SequentialTest, repeat
from tests.infra.hunting.verdicts import Tally


@pytest.mark.parametrize(
    ("runs", "failures", "verdict"),
    [(5, 0, None), (6, 0, False), (1, 1, True), (40, 1, True), (0, 0, None)],
)
def test_six_clean_runs_or_one_failure_decide(
    runs: int, failures: int, verdict: bool | None
) -> None:
    assert SequentialTest().judge(Tally(runs, failures)) is verdict


def test_failure_that_comes_by_itself_has_to_be_seen_again() -> None:
    test = SequentialTest(background=0.02)

    assert test.judge(Tally(1, 1)) is None
    assert test.judge(Tally(2, 2)) is True


def test_rarer_failure_needs_more_clean_runs() -> None:
    test = SequentialTest.from_tally(Tally(10, 1))

    clean = next(runs for runs in range(1, 99) if test.judge(Tally(runs, 0)) is False)

    assert 0.166 < test.rate < 0.167
    assert clean == 22


def test_background_is_taken_from_runs_without_the_candidates() -> None:
    test = SequentialTest.from_tally(Tally(10, 7), Tally(20, 1))

    assert test.background == 0.05
    assert test.judge(Tally(1, 1)) is None


def test_batch_ends_with_its_first_certain_failure() -> None:
    batches = []

    def fails(batch: Sequence[Sequence[str]]) -> list[bool]:
        batches.append([*map("".join, batch)])
        return ["b" in one and len(batches) == 3 for one in batch]

    answers = repeat(fails, SequentialTest())([["a"], ["b"]])

    assert answers == [None, True]
    assert batches == [["a", "b"]] * 3


def test_single_list_runs_on_all_processors() -> None:
    batches = []

    def fails(batch: Sequence[Sequence[str]]) -> list[bool]:
        batches.append(len(batch))
        return [False] * len(batch)

    assert repeat(fails, SequentialTest(), width=4)([["a"]]) == [False]
    assert batches == [4, 4]


def test_list_that_cannot_be_judged_is_given_up() -> None:
    asked = []

    def fails(batch: Sequence[Sequence[str]]) -> list[bool | None]:
        asked.append(batch)
        return [None] * len(batch)

    assert repeat(fails, SequentialTest())([["a"]]) == [None]
    assert len(asked) == 1


def test_rate_between_the_two_does_not_go_on_for_ever() -> None:
    test = SequentialTest(background=0.3, rate=0.301)
    runs: list[Sequence[str]] = []

    def fails(batch: Sequence[Sequence[str]]) -> list[bool]:
        runs.extend(batch)
        return [False] * len(batch)

    assert repeat(fails, test)([["a"]]) == [None]
    assert len(runs) == MOST_RUNS


@pytest.mark.parametrize("needed", [{17}, {17, 301}], ids=["one", "two"])
def test_polluters_that_pollute_half_the_time_are_found(needed: set[int]) -> None:
    chance = random.Random(2)

    def fails(batch: Sequence[Sequence[int]]) -> list[bool]:
        return [needed <= set(one) and chance.random() < 0.5 for one in batch]

    found = [minimise(range(400), repeat(fails, SequentialTest())) for _ in range(40)]

    assert sum(set(one.kept) == needed for one in found) >= 36
