"""Which runs a tuning makes, and what it keeps of them."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.infra.commands.tune import build_results, choose_exit_code
from tests.infra.commands.verb import ExitCode
from tests.infra.errors import SettingError
from tests.infra.history import History
from tests.infra.machine import Machine
from tests.infra.measuring.specs import RunSpec
from tests.infra.tuning.campaign import NothingToTuneError, Wish
from tests.infra.tuning.candidates import Setup
from tests.test_infra.tuned import PaperHands, conduct, make_tests


def test_two_kinds_of_runs_calibrate_after_a_warm_up() -> None:
    hands = PaperHands(make_tests(unit=20))

    conduct(hands, Wish(rounds=2, has_categories=False))

    assert [spec.workers for spec in hands.specs[:6]] == [0, 0, 2, 2, 0, 2]


def test_setups_take_turns() -> None:
    hands = PaperHands(make_tests(unit=20))

    conduct(hands, Wish(rounds=2, workers=(2, 3), has_categories=False))

    assert [spec.workers for spec in hands.specs[6:]] == [0, 2, 3, "auto"] * 2


def test_predictions_of_tests_that_wait_are_near() -> None:
    campaign = conduct(PaperHands(make_tests(unit=20)), Wish(rounds=1, workers=(1, 2, 3, 4)))

    errors = {one.setup.workers: one.error for one in campaign.build_trials() if one.error}
    assert {0, 1, 2, 3, 4} >= set(errors)
    assert max(abs(error) for error in errors.values()) < 0.15


def test_each_category_is_run_by_itself() -> None:
    hands = PaperHands(make_tests(unit=12, integration=6, slow=1))

    results = build_results(conduct(hands))

    assert set(results.optima) == {"all", "unit", "integration"}
    assert Counter(spec.category for spec in hands.specs).keys() == {None, "unit", "integration"}


def test_a_wider_lane_is_proposed_once_three_runs_agree() -> None:
    hands = PaperHands(make_tests(integration=24))

    results = build_results(conduct(hands, Wish(rounds=1, has_categories=False)))

    best = results.optima["all"]
    assert best.trial.setup == Setup(8, (("integration", 8),))
    assert len(best.trial.runs_s) == 3
    assert best.widths == {"integration": 8}
    assert any(
        "widening lane integration from 2 to 8 gains" in line for line in results.recommendations
    )


def test_a_wider_lane_that_changes_outcomes_is_left() -> None:
    def change(spec: RunSpec, outcomes: dict[str, str]) -> None:
        if "-o" in spec.arguments:
            outcomes["test_integration.py::test_3"] = "failed"

    hands = PaperHands(make_tests(integration=24), change=change)
    results = build_results(conduct(hands, Wish(rounds=1, has_categories=False)))

    assert results.optima["all"].trial.setup.widths == ()
    assert choose_exit_code(results) == ExitCode.FINDING
    assert any("changes outcomes" in line for line in results.recommendations)


def test_a_lane_of_the_ini_file_is_left_and_its_lines_are_kept_for_others() -> None:
    tests = make_tests(integration=24)
    left, allowed = PaperHands(tests), PaperHands(tests)
    known = Wish(rounds=1, known_lanes=("integration",), ini_lanes="db = 3", has_categories=False)

    conduct(left, known)
    conduct(
        allowed, Wish(rounds=1, lanes=("integration",), ini_lanes="db = 3", has_categories=False)
    )

    assert all(not spec.arguments for spec in left.specs)
    assert ("-o", "lanes=db = 3\nintegration = 8") in {spec.arguments for spec in allowed.specs}


def test_a_number_with_other_outcomes_is_not_recommended() -> None:
    def change(spec: RunSpec, outcomes: dict[str, str]) -> None:
        if spec.workers == 4:
            del outcomes["test_unit.py::test_3"]

    hands = PaperHands(make_tests(unit=40), change=change)
    wish = Wish(rounds=1, workers=(2, 3, 4), has_categories=False)
    results = build_results(conduct(hands, wish))

    assert results.optima["all"].trial.setup.workers == 3
    assert results.differing[0].differing == ("test_unit.py::test_3",)
    assert choose_exit_code(results) == ExitCode.FINDING


def test_a_test_that_is_unsteady_in_one_process_accuses_no_number() -> None:
    verdicts = iter(["passed", "failed"] * 20)

    def change(spec: RunSpec, outcomes: dict[str, str]) -> None:
        if spec.workers == 0:
            outcomes["test_unit.py::test_3"] = next(verdicts)

    hands = PaperHands(make_tests(unit=20), change=change)
    results = build_results(conduct(hands, Wish(rounds=2, has_categories=False)))

    assert results.differing == []
    assert any("hunt tells why" in line for line in results.recommendations)


@pytest.mark.parametrize("run", [1, 2, 4, 9])
def test_an_interrupt_keeps_what_was_done(run: int) -> None:
    hands = PaperHands(make_tests(unit=20), interrupt_at=run)

    results = build_results(conduct(hands, Wish(rounds=2, has_categories=False)))

    assert choose_exit_code(results) == ExitCode.INTERRUPTED
    assert len(hands.specs) == run
    assert bool(results.trials) == (run == 9)
    assert results.to_data()["is_interrupted"]


def test_one_test_runs_in_one_process() -> None:
    results = build_results(conduct(PaperHands(make_tests(unit=1))))

    assert results.optima["all"].trial.setup == Setup(0)
    assert "are one test, so nothing runs beside it" in results.recommendations[0]


def test_without_xdist_only_one_process_is_measured() -> None:
    hands = PaperHands(make_tests(unit=9), has_workers=False)

    results = build_results(conduct(hands))

    assert {spec.workers for spec in hands.specs} == {0}
    assert any("pytest-xdist is not installed" in line for line in results.recommendations)


def test_a_suite_that_does_not_run_is_told_with_pytests_words() -> None:
    hands = PaperHands({})

    with pytest.raises(NothingToTuneError, match="ran no test"):
        conduct(hands)


def test_a_suite_without_the_plugin_is_told_what_to_add(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PaperHands, "read_history", lambda _: History())

    with pytest.raises(SettingError, match=r"pytest_plugins = \['tests.infra.plugin'\]"):
        conduct(PaperHands(make_tests(unit=9)))


def test_memory_for_one_worker_only_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    history = PaperHands(make_tests(unit=9)).read_history()
    large = tuple(replace(one, peak_rss_bytes=2**30) for one in history.startups)
    monkeypatch.setattr(PaperHands, "read_history", lambda _: replace(history, startups=large))

    hands = PaperHands(make_tests(unit=9))
    results = build_results(conduct(hands, machine=Machine(2, 2**30)))

    assert {spec.workers for spec in hands.specs} == {0}
    assert any("memory has no room for a second worker" in one for one in results.recommendations)


def test_a_run_that_breaks_off_accuses_its_number_and_loses_nothing() -> None:
    def change(spec: RunSpec, outcomes: dict[str, str]) -> None:
        if spec.workers == "auto":
            outcomes.clear()

    results = build_results(conduct(PaperHands(make_tests(unit=20), change=change)))

    assert [trial.setup.workers for trial in results.differing] == ["auto"]
    assert results.optima["all"].trial.setup.workers == 8
