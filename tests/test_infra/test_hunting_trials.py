import json
from dataclasses import asdict

import pytest

from tests.infra.hunting.conditions import Conditions
from tests.infra.hunting.trials import (
    Answer,
    Cast,
    Ending,
    Error,
    Request,
    Sighting,
    read_answer,
    read_sighting,
)

FAILED = Sighting(
    test=2,
    outcome="failed",
    start_s=1.5,
    stop_s=2.5,
    fingerprint="OSError at t.py:3",
    text="boom",
    error=Error(("builtins.OSError",), 98, ("t", "socket"), "/t.py", 3, "in use"),
    touches=(("file", "/x"),),
)
PASSED = Sighting(1, "passed")


def render(*sightings: Sighting) -> list[str]:
    """Render lines as a fork writes them."""
    return [
        line
        for one in sightings
        for line in (json.dumps({"begun": one.test}), json.dumps(asdict(one)))
    ]


def test_request_comes_back_as_it_went() -> None:
    request = Request(
        (Cast((0, 1, 0), Conditions(seed=3, zone="EST5EDT"), is_watched=True), Cast((2,))),
        in_step=True,
        at_once=2,
        busy=6,
        writing=1,
        patience_s=2.5,
    )

    text = request.to_json()

    assert "\n" not in text
    assert Request.from_json(text) == request


def test_sighting_comes_back_as_it_went() -> None:
    assert read_sighting(json.loads(json.dumps(asdict(FAILED)))) == FAILED
    assert read_sighting({"test": 1, "outcome": "passed"}) == PASSED


def test_answer_holds_all_tests_and_what_was_changed() -> None:
    lines = [*render(PASSED, FAILED), json.dumps({"applied": {"seeded": 1}})]

    answer = read_answer(lines, Ending.COMPLETE)

    assert answer == Answer((PASSED, FAILED), Ending.COMPLETE, {"seeded": 1})
    assert answer.last == FAILED


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [(Ending.DIED, "crashed"), (Ending.COMPLETE, "crashed"), (Ending.HUNG, "hung")],
    ids=str,
)
def test_test_that_began_and_did_not_end_is_named(ending: Ending, outcome: str) -> None:
    answer = read_answer([*render(PASSED), '{"begun": 7}'], ending)

    assert [(one.test, one.outcome) for one in answer.sightings] == [(1, "passed"), (7, outcome)]
    assert answer.ending is not Ending.COMPLETE
    assert answer.last is not None
    assert answer.last.fingerprint == outcome


def test_process_that_died_between_two_tests_accuses_none() -> None:
    assert read_answer(render(PASSED), Ending.DIED).sightings == (PASSED,)


def test_line_that_was_cut_ends_the_answer() -> None:
    answer = read_answer([*render(PASSED), '{"test": 2, "outc'], Ending.DIED)

    assert answer.sightings == (PASSED,)


def test_answer_without_a_line_has_no_last_test() -> None:
    assert read_answer([], Ending.DIED).last is None


@pytest.mark.parametrize(
    ("outcome", "is_failure"),
    [("failed", True), ("hung", True), ("crashed", True), ("passed", False), ("skipped", False)],
)
def test_failures_are_what_fails_hangs_or_crashes(outcome: str, is_failure: bool) -> None:
    assert Sighting(0, outcome).is_failure is is_failure
