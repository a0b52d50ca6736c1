from dataclasses import replace

from tests.infra.commands.prove import choose_exit_code
from tests.infra.commands.verb import ExitCode
from tests.infra.leaks import Leak
from tests.infra.proving.campaign import Campaign
from tests.infra.proving.plan import Wish
from tests.infra.proving.process import Ending, Result
from tests.infra.proving.proof import Proof, build_proof
from tests.infra.proving.rendering import render_proof
from tests.infra.proving.runner import render_end, render_progress
from tests.test_infra.trials import NATURAL, PARALLEL, REVERSE, TWICE, make_result

GOOD, BAD = "passed", "failed"


def make_proof(*results: Result, is_interrupted: bool = False) -> Proof:
    def refuse(*_: object, **__: object) -> Result:
        raise AssertionError

    campaign = Campaign(
        Wish(("tests",), seed=5), refuse, float, 2, [*results], is_interrupted=is_interrupted
    )
    return build_proof(campaign, blocked=(), coverage=None)


def test_a_sound_suite_is_told_with_pairs_and_bound() -> None:
    proof = make_proof(
        make_result(NATURAL, {"a": GOOD, "b": GOOD, "s": "skipped"}),
        make_result(TWICE, {"a": (GOOD, GOOD), "b": (GOOD, GOOD), "s": ("skipped",) * 2}),
    )

    text = render_proof(proof)

    assert "No test of 3 differs in 2 passes." in text
    assert "Every one of the 4 ordered pairs ran in one process" in text
    assert "(tests that ran in no pass, not counted: 1)" in text
    assert "3 times or more without a difference; that leaves up to 63%" in text
    assert "  - tests that are skipped in every pass: 1" in text
    assert choose_exit_code(proof) is ExitCode.SOUND


def test_a_divergence_is_told_with_outcomes_and_command() -> None:
    proof = make_proof(make_result(NATURAL, {"a": GOOD}), make_result(REVERSE, {"a": BAD}))

    text = render_proof(proof)

    assert "a: differs by order (seen once: it may be chance)\n  passed: natural order\n" in text
    assert "  failed: reverse order\n" in text
    assert (
        "  again: PYTHONHASHSEED=0 python -m pytest tests -p tests.infra.rehearsal "
        "--order=reverse -n 0\n"
    ) in text
    assert "without a difference" not in text
    assert choose_exit_code(proof) is ExitCode.FINDING


def test_another_set_of_tests_has_a_command_with_two_seeds() -> None:
    proof = make_proof(
        make_result(NATURAL, {"t[a]": GOOD, "t[b]": GOOD}),
        make_result(replace(NATURAL, hash_seed="1"), {"t[b]": GOOD, "t[a]": GOOD}),
    )

    text = render_proof(proof)

    assert "t: set of tests\n  its parameters come in another order in natural order" in text
    assert "PYTHONHASHSEED=random python -m pytest tests" in text
    assert "-n 2 -p no:cacheprovider\n" in text


def test_a_part_of_the_pairs_is_told_as_such() -> None:
    proof = make_proof(
        make_result(NATURAL, {"a": GOOD, "b": GOOD}),
        make_result(PARALLEL, {"a": GOOD, "b": GOOD}, collected={"gw0": ["a", "b"]}),
    )

    assert "1 of 4 ordered pairs" in render_proof(proof)
    assert proof.to_data()["pairs"] == {"covered": 1, "possible": 4, "all": False}


def test_an_interrupt_is_no_proof_and_says_what_is_missing() -> None:
    cut = make_result(REVERSE, {}, ending=Ending.INTERRUPTED, still_open=["a"], collected={})
    proof = make_proof(make_result(NATURAL, {"a": GOOD}), cut, is_interrupted=True)

    text = render_proof(proof)

    assert "Not proved: interrupted. No test of 1 differs in 1 passes." in text
    assert "  - reverse order: interrupted in a" in text
    assert choose_exit_code(proof) is ExitCode.INTERRUPTED


def test_an_interrupt_after_a_finding_is_a_finding() -> None:
    proof = make_proof(
        make_result(NATURAL, {"a": GOOD}), make_result(REVERSE, {"a": BAD}), is_interrupted=True
    )

    assert choose_exit_code(proof) is ExitCode.FINDING


def test_one_pass_alone_proves_nothing() -> None:
    proof = make_proof(make_result(NATURAL, {"a": GOOD}))

    assert "Not proved: the budget left nothing to compare." in render_proof(proof)
    assert choose_exit_code(proof) is ExitCode.USAGE


def test_a_pass_that_breaks_off_is_a_finding() -> None:
    proof = make_proof(
        make_result(NATURAL, {"a": GOOD}),
        make_result(TWICE, {"a": (GOOD, GOOD)}),
        make_result(REVERSE, {}, ending=Ending.CUT, collected={"master": ["a"]}),
    )

    text = render_proof(proof)

    assert "0 of 1 tests differ between passes; passes that broke off: 1." in text
    assert "  - reverse order: ended early (the last line)" in text
    assert choose_exit_code(proof) is ExitCode.FINDING


def test_workers_that_collected_differently_are_the_reason() -> None:
    collected = {"gw0": ["a", "b"], "gw1": ["b", "a"]}
    proof = make_proof(
        make_result(NATURAL, {"a": GOOD, "b": GOOD}),
        make_result(PARALLEL, {}, ending=Ending.CUT, collected=collected),
    )

    assert "2 workers: ended early (its workers collected different tests)" in render_proof(proof)


def test_each_leak_is_told_once() -> None:
    leak = Leak("test", "a", "a", "environ", "APP_MODE", "unset", "'x'", "use monkeypatch.setenv")
    first = make_result(NATURAL, {"a": GOOD})
    proof = make_proof(replace(first, leaks=(leak,)), replace(first, leaks=(leak,)))

    assert (
        "Leaks that the guard saw: 1\n"
        "  a left APP_MODE: unset before, 'x' after; use monkeypatch.setenv\n"
    ) in render_proof(proof)


def test_progress_tells_tests_and_time_left() -> None:
    assert render_progress("pass 1", 7, 0, 3.0) == "pass 1: 7 tests done"
    assert render_progress("pass 2", 10, 40, 2.0) == "pass 2: 10 of 40 tests, about 6 s left"
    hung = make_result(REVERSE, {"b": GOOD}, ending=Ending.HUNG, still_open=["a"])
    assert render_end("pass 3", hung) == "pass 3: 1 tests in 1.0 s, hung in a"
