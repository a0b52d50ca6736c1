"""Each gate passes, and each can fail: on answers of verbs as they are, and as they must not be."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.infra.phases import foundations
from tests.infra.phases.catalogue import GATES
from tests.infra.phases.evidence import Evidence
from tests.infra.phases.foundations import MINIMA, find_problem, judge_versions
from tests.infra.phases.gates import Gate, Judgement, Verdict
from tests.infra.phases.hands import Answer, VerbAnswer
from tests.infra.phases.performance import TUNED as TUNED_FILE
from tests.infra.phases.required_gain import Timing, decide
from tests.test_infra.phasing import (
    MARKED,
    NODEIDS,
    SOUND_SURVEY,
    ToldHands,
    build_evidence,
    build_measured,
    build_sound_hands,
)

TEXT = """
    suite = .
    tests = 4
    unit = 2
    builders = test_a.py
    parameters = test_a.py
    mocks = test_a.py
"""

Break = Callable[[ToldHands, Path], object]


def judge(title: str, evidence: Evidence) -> Judgement:
    gate = next(gate for gate in GATES if gate.title == title)
    return gate.judge(evidence)


@pytest.fixture
def hands(tmp_path: Path) -> ToldHands:
    """Hands of a suite that passes every gate."""
    (tmp_path / "test_a.py").write_text("def test_a(): pass\n")
    (tmp_path / TUNED_FILE).write_text("{}")
    told = build_sound_hands()
    told.survey = replace(SOUND_SURVEY, outcomes=dict.fromkeys(NODEIDS, "passed"))
    return told


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.title)
def test_gate_passes_on_a_sound_suite(gate: Gate, tmp_path: Path, hands: ToldHands) -> None:
    judgement = gate.judge(build_evidence(tmp_path, hands, TEXT))

    assert judgement.verdict is Verdict.PASSED
    assert judgement.figure
    assert not judgement.remedy


def survey(**changes: object) -> Break:
    def change(hands: ToldHands, _: Path) -> None:
        for name, value in changes.items():
            hands.survey = replace(hands.survey, **{name: value})  # type: ignore[arg-type]  # a table of tests names the fields

    return change


def verb(name: str, exit_code: int, **data: object) -> Break:
    def change(hands: ToldHands, _: Path) -> None:
        hands.verbs[name] = VerbAnswer(exit_code, {**hands.verbs[name].data, **data}, ("said",))

    return change


def silent(name: str) -> Break:
    return lambda hands, _: hands.verbs.update({name: VerbAnswer(3, {}, ("Traceback",))})


DIFFERENT = {"verdict": "outcomes differ", "percentage": None, "failure": "", "differences": [
    {"nodeid": "t.py::test_x", "sequential": {"passed": 3}, "parallel": {"failed": 3}}
]}  # fmt: skip

ONE_WORKER = {"4": {"wall_s": 10.0, "workers": [1]}}

SLOW = build_measured(analysis={"4": {"verdict": "faster", "percentage": 40.0}})


@pytest.mark.parametrize(
    ("title", "break_it", "words"),
    [
        ("Phase 0 Gate 2", survey(plugins=["pytest-xdist"]), "pytest-repeat is not loaded"),
        ("Phase 0 Gate 3", survey(markers=["unit"]), "slow is not registered"),
        ("Phase 0 Gate 3", survey(used_markers={"odd": "t::a"}), "odd is not registered; t::a"),
        ("Phase 0 Gate 3", survey(exit_code=2, said=("SyntaxError",)), "SyntaxError"),
        ("Phase 0 Gate 4", lambda h, _: h.tools.insert(0, Answer(1, "", "a needs b")), "a needs b"),
        ("Phase 1 Gate 1", verb("mark", 1, without=["t.py::test_x"]), "t.py::test_x"),
        ("Phase 1 Gate 1", silent("mark"), "Traceback"),
        ("Phase 1 Gate 2", survey(nodeids=NODEIDS[:3]), "3 tests, at least 4 expected"),
        ("Phase 1 Gate 2", survey(exit_code=2), "can't be collected"),
        ("Phase 1 Gate 3", verb("mark", 0, counts={"unit": 3}), "unit: 3, expected 2"),
        ("Phase 1 Gate 3", verb("mark", 0, total=5), "4 categories on 5 tests"),
        ("Phase 1 Gate 4", lambda _, p: (p / "b.py").write_text("def"), "b.py: invalid syntax"),
        ("Phase 2 Gate 1", verb("check", 1, findings=[{"path": "a.py", "line": 3}]), "a.py:3"),
        ("Phase 2 Gate 1", verb("check", 0, files=0), "ended with exit code 0"),
        ("Phase 2 Gate 2", survey(outcomes={"t::a": "failed"}, exit_code=1), "t::a failed"),
        ("Phase 2 Gate 3", survey(outcomes={"t::a": "passed", "t::b": "skipped"}), "t::b skipped"),
        ("Phase 2 Gate 3", survey(outcomes={}), "0 of 0 probes"),
        ("Phase 2 Gate 4", survey(outcomes={}, exit_code=4, said=("not found",)), "not found"),
        ("Phase 3 Gate 1", verb("measure", 1, analysis={"4": DIFFERENT}), "t.py::test_x"),
        (
            "Phase 3 Gate 1",
            verb("measure", 0, categories={"slow": {"analysis": DIFFERENT}}),
            "slow",
        ),
        ("Phase 3 Gate 1", verb("measure", 130), "exit code 130"),
        ("Phase 3 Gate 2", verb("measure", 0, **SLOW), "gain 40% with 4 workers, at least 50%"),
        ("Phase 3 Gate 2", verb("measure", 0, parallel={}), "no run on more than one worker"),
        ("Phase 3 Gate 2", verb("measure", 0, parallel=ONE_WORKER), "no run on more than one"),
        ("Phase 3 Gate 3", verb("measure", 0, categories={}), "no category was measured"),
        ("Phase 3 Gate 3", verb("measure", 0, baseline={"wall_s": 9.0}), "limit 9.0 s (all tests"),
        ("Phase 3 Gate 4", verb("tune", 0, recommendations=[]), "no recommendation"),
        ("Phase 3 Gate 4", lambda _, p: (p / TUNED_FILE).unlink(), "no file"),
        ("Phase 3 Gate 4", verb("tune", 0, optimal_configurations={"all": {}}), "for all tests"),
        ("Phase 3 Gate 4", silent("tune"), "exit code 3"),
    ],
)
def test_gate_fails_where_it_must(
    title: str, break_it: Break, words: str, tmp_path: Path, hands: ToldHands
) -> None:
    break_it(hands, tmp_path)

    judgement = judge(title, build_evidence(tmp_path, hands, TEXT))

    assert judgement.verdict is Verdict.FAILED
    assert judgement.remedy
    assert words in "\n".join([judgement.figure, *judgement.details])


def test_one_process_may_be_the_best_configuration(tmp_path: Path, hands: ToldHands) -> None:
    verb("tune", 0, optimal_configurations={"all": {"workers": 0}})(hands, tmp_path)

    assert judge("Phase 3 Gate 4", build_evidence(tmp_path, hands)).verdict is Verdict.PASSED


def test_missing_or_old_packages_fail_with_the_command_that_installs_them() -> None:
    judgement = judge_versions({**MINIMA, "pytest": "9.0.3", "libcst": None})

    assert judgement.verdict is Verdict.FAILED
    assert judgement.details == ("pytest 9.0.3 (>= 9.1)", "libcst is missing (>= 1.9)")
    assert judgement.remedy == "uv pip install 'pytest>=9.1' 'libcst>=1.9'"


def test_minima_are_those_of_the_project() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()

    for name, least in MINIMA.items():
        assert f'"{name}>={least}"' in text


def test_packages_are_asked_themselves_where_there_is_no_checker(
    tmp_path: Path, hands: ToldHands, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.tools = [Answer(1, "", "No module named pip")] * 2
    monkeypatch.setattr(foundations, "find_conflicts", lambda: iter(["a 1 needs b>2"]))

    judgement = judge("Phase 0 Gate 4", build_evidence(tmp_path, hands))

    assert (judgement.verdict, judgement.details) == (Verdict.FAILED, ("a 1 needs b>2",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b>=1", None),
        ("b>=3", "needs b>=3, but 2.0 is installed"),
        ("C_c", "needs C_c, which is missing"),
        ("c; extra == 'x'", None),
    ],
)
def test_requirement_is_compared_with_what_is_installed(text: str, expected: str | None) -> None:
    assert find_problem(text, {"b": "2.0"}) == expected


def test_without_a_number_there_may_not_be_fewer_tests_than_before(
    tmp_path: Path, hands: ToldHands
) -> None:
    evidence = build_evidence(tmp_path, hands)

    assert judge("Phase 1 Gate 2", evidence).verdict is Verdict.PASSED
    evidence.last_figures = {"Phase 1 Gate 2": "5 tests, at least 1 counted before"}
    assert judge("Phase 1 Gate 2", evidence).figure == "4 tests, at least 5 counted before"
    assert judge("Phase 1 Gate 2", evidence).verdict is Verdict.FAILED


def test_probes_that_nobody_names_are_not_run(tmp_path: Path, hands: ToldHands) -> None:
    judgement = judge("Phase 2 Gate 2", build_evidence(tmp_path, hands))

    assert judgement.verdict is Verdict.NOT_RUN
    assert "builders = NODE IDS" in judgement.remedy


def test_parameters_are_probed_on_four_workers(tmp_path: Path, hands: ToldHands) -> None:
    (tmp_path / "pytest-parallel.ini").touch()

    judge("Phase 2 Gate 3", build_evidence(tmp_path, hands, TEXT))

    assert hands.asked == [("pytest", "-c", "pytest-parallel.ini", "-n", "4", "test_a.py")]


def test_nothing_is_marked_when_only_checked(tmp_path: Path, hands: ToldHands) -> None:
    evidence = build_evidence(tmp_path, hands)
    evidence.is_check_only = True

    assert judge("Phase 1 Gate 1", evidence).verdict is Verdict.PASSED
    assert hands.asked == [("mark", "--check", ".")]
    assert hands.verbs["mark"].data["total"] == MARKED["total"]


def test_category_has_its_own_limit_where_one_is_given(tmp_path: Path, hands: ToldHands) -> None:
    evidence = build_evidence(tmp_path, hands, "unit_time = 9s\nslow_time = 1s")

    judgement = judge("Phase 3 Gate 3", evidence)

    assert judgement.details == (
        "unit takes 10.0 s in parallel, limit 9.0 s",
        "slow was not measured",
    )


@pytest.mark.parametrize(
    ("gain", "bound_s", "verdict", "is_enough", "words"),
    [
        (51, 2.0, "faster", True, "at least 50% asked for"),
        (49, 2.0, "faster", False, "at least 50% asked for"),
        (29, 6.0, "faster", True, "at least 28%: decided by the bound of 6.0 s"),
        (27, 6.0, "faster", False, "at least 28%: decided by the bound of 6.0 s"),
        (-4, 9.0, "within the noise", True, "hardly any is possible, so no loss over 5%"),
        (-6, 9.0, "within the noise", False, "hardly any is possible, so no loss over 5%"),
        (-4, 9.0, "slower", False, "hardly any is possible, so no loss over 5%"),
    ],
)
def test_gain_is_judged_by_what_was_asked_or_by_what_can_be(
    gain: float, bound_s: float, verdict: str, *, is_enough: bool, words: str
) -> None:
    timing = Timing("2", 10.0, 10.0 - gain / 10, gain, verdict, bound_s)

    decision = decide([timing, replace(timing, gain_percent=gain - 1)], 50.0)

    assert decision.is_enough is is_enough
    assert words in decision.render()
