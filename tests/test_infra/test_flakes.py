from dataclasses import replace

import pytest

from tests.infra.errors import RecordError
from tests.infra.flakes import (
    Cluster,
    Failure,
    FlakeRecord,
    RepeatedTest,
    Verdict,
    build_record,
    gather_tests,
)
from tests.infra.records import Span
from tests.infra.repeats import Repetition
from tests.test_infra.runs import make_span

FAILURE = Failure("KeyError t.py:3", "KeyError: 'a'")


def make_test(outcomes: str, *, nodeid: str = "t.py::a", worker: int = 0) -> RepeatedTest:
    """Make a test with one attempt for each letter, as pytest prints them."""
    names = {".": "passed", "F": "failed", "s": "skipped", "x": "xfailed", "C": "crashed"}
    names["R"] = "rerun"
    spans = [
        replace(
            make_span(0, worker, step, step + 0.5, outcome=names[letter]),
            nodeid=f"{nodeid}[{step}]",
        )
        for step, letter in enumerate(outcomes)
    ]
    repetitions = {span.nodeid: Repetition(nodeid, step) for step, span in enumerate(spans)}
    return gather_tests(spans, repetitions, find_failure)[0]


def find_failure(span: Span) -> Failure | None:
    return FAILURE if span.outcome == "failed" else None


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ("...", Verdict.SOUND),
        ("xx", Verdict.SOUND),
        ("sss", Verdict.SKIPPED),
        ("FFF", Verdict.BROKEN),
        ("FCR", Verdict.BROKEN),
        (".F.", Verdict.FLAKY),
        ("R.", Verdict.FLAKY),
        (".s", Verdict.FLAKY),
        (".x", Verdict.FLAKY),
    ],
)
def test_verdict_follows_from_the_outcomes(outcomes: str, verdict: Verdict) -> None:
    assert make_test(outcomes).verdict is verdict


def test_skipped_attempts_are_no_runs() -> None:
    test = make_test("s.Fs")

    assert (test.runs, len(test.failures), test.went_well) == (2, 1, True)


def test_crash_has_a_fingerprint_of_its_own() -> None:
    fingerprints = [failure.fingerprint for failure in make_test(".CF").failures]

    assert fingerprints == ["crashed", "KeyError t.py:3"]


def test_test_that_ran_once_is_left_out() -> None:
    spans = [make_span(0, 0, 0, 1), make_span(1, 0, 1, 2), make_span(1, 0, 2, 3)]

    assert [test.nodeid for test in gather_tests(spans, {}, find_failure)] == ["t.py::test_1"]


@pytest.mark.parametrize(
    ("scope", "groups"),
    [
        ("session", ["#0", "#0"]),
        ("module", ["t.py#0", "u.py#0"]),
        ("class", ["t.py::A#0", "u.py#0"]),
        ("function", ["", ""]),
    ],
)
def test_attempts_of_one_process_tell_their_pass(scope: str, groups: list[str]) -> None:
    names = ["t.py::A::a[x]", "u.py::b"]
    spans = [replace(make_span(0, 0, 0, 1), nodeid=one, worker_id="master") for one in names * 2]

    tests = gather_tests(spans, {}, find_failure, scope=scope)

    assert [test.attempts[0].group for test in tests] == groups


def test_record_counts_what_never_failed_and_keeps_the_rest() -> None:
    tests = [make_test(outcomes) for outcomes in ("..", "...", "ss", ".F", "FF")]

    record = build_record("r1", tests, [])

    assert [test.verdict for test in record.tests] == [Verdict.FLAKY, Verdict.BROKEN]
    assert (record.sound, record.fewest_runs, record.most_runs, record.skipped) == (2, 2, 3, 1)


def test_record_comes_back_from_json() -> None:
    clusters = [Cluster(("t.py::a", "t.py::b"), "KeyError t.py:3")]
    record = build_record("r1", [make_test(".F"), make_test("CF")], clusters, {"YamlItem": 2})

    assert FlakeRecord.from_json(record.to_json()) == record


@pytest.mark.parametrize("text", ["", "[]", '{"version": 1}', '{"version": 1, "tests": [{}]}'])
def test_anything_else_is_no_record(text: str) -> None:
    with pytest.raises(RecordError, match="record of flaky tests"):
        FlakeRecord.from_json(text)
