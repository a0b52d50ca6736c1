"""Tests of the records of a hunt."""

import pytest

from tests.infra.errors import RecordError
from tests.infra.hunting.verdicts import (
    Bar,
    Evidence,
    HuntRecord,
    Kind,
    Shown,
    Tally,
    Verdict,
    count_kinds,
)

VERDICT = Verdict(
    nodeid="test_a.py::test_victim",
    kind=Kind.VICTIM,
    summary="fails after test_polluter",
    tally=Tally(10, 3),
    culprits=("test_a.py::test_polluter",),
    state=("app.cache.REG['k']",),
    evidence=(Evidence("test_polluter before it", Tally(5, 0), Tally(5, 5), "ran in 5 of 5"),),
    bars=(Bar("master", "test_a.py::test_polluter", 0.0, 0.5, "passed", "polluter"),),
)

RECORD = HuntRecord(
    "h1", 1.0, 2.0, "hunt", (VERDICT,), Shown(9, 10), {"random order": 4}, ("load: no time",)
)


def test_record_of_a_hunt_comes_back_from_json() -> None:
    assert HuntRecord.from_json(RECORD.to_json()) == RECORD


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 99}', '{"version": 1}'])
def test_anything_else_is_no_record(text: str) -> None:
    with pytest.raises(RecordError, match="record of a hunt"):
        HuntRecord.from_json(text)


def test_tallies_of_the_same_conditions_add_up() -> None:
    assert Tally(3, 1) + Tally(2, 2) == Tally(5, 3)


def test_kinds_are_counted_in_their_order() -> None:
    unknown = Verdict("b", Kind.UNKNOWN, "", Tally())
    assert list(count_kinds([unknown, VERDICT, VERDICT]).items()) == [
        (Kind.VICTIM, 2),
        (Kind.UNKNOWN, 1),
    ]
