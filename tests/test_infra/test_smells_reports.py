"""Suppression, retirement, targets and formats of the static check."""

import json
from pathlib import Path

import pytest

from tests.infra.errors import RecordError
from tests.infra.smells import rendering, targets, watching
from tests.infra.smells.analysis import Source, analyse
from tests.infra.smells.findings import Finding
from tests.infra.smells.rules import RULES, TABLE
from tests.test_infra.smelling import find_rules

LEAK = Finding("a.py", 3, 5, "PTI101", "x", ("a.py::test_x", "a.py::test_y"))
SLEEP = Finding("a.py", 3, 5, "PTI502", "x", ("a.py::test_x",))
TEST = "import os\ndef test_it():\n"


@pytest.mark.parametrize(
    ("comment", "rules"),
    [
        ("# isolation: ignore[PTI101] the process ends here", []),
        ("# isolation: ignore[PTI101]", ["PTI901"]),
        ("# isolation: ignore[PTI102] wrong rule", ["PTI101", "PTI902"]),
        ("# isolation: ignore[PTI999] no such rule", ["PTI101", "PTI902"]),
        ("# isolation: ignore no rule", ["PTI101", "PTI902"]),
        ("# isolation: ignore[PTI101, PTI103] one too many", ["PTI902"]),
    ],
)
def test_suppression_covers_its_rule_and_needs_a_reason(comment: str, rules: list[str]) -> None:
    beside = f"{TEST}    os.environ['A'] = '1'  {comment}\n"
    above = f"{TEST}    {comment}\n    os.environ['A'] = '1'\n"

    assert sorted(find_rules(beside)) == rules
    assert sorted(find_rules(above)) == rules


def test_suppression_in_a_string_is_none() -> None:
    text = "# isolation: ignore[PTI101] x"

    assert find_rules(f"{TEST}    os.environ['A'] = '{text}'\n") == ["PTI101"]


def make_leaks(watched: list[str], leaking: list[str]) -> watching.Experience:
    leaks = [{"nodeid": nodeid, "resource": "environment"} for nodeid in leaking]
    text = json.dumps({"version": 1, "watched": watched, "leaks": leaks})
    return watching.parse_leaks(text, written_at=100.0)


@pytest.mark.parametrize(
    ("watched", "leaking", "changed_at", "is_retired"),
    [
        (["a.py::test_x[1]", "a.py::test_x[2]", "a.py::test_y"], [], 99.0, True),
        (["a.py::test_x"], [], 99.0, False),
        (["a.py::test_x", "a.py::test_y"], ["a.py::test_y[a::b]"], 99.0, False),
        (["a.py::test_x", "a.py::test_y"], [], 100.0, False),
    ],
    ids=["all clean", "one unwatched", "one leaking", "changed since"],
)
def test_finding_retires_once_all_its_tests_were_watched_and_clean(
    watched: list[str], leaking: list[str], changed_at: float, is_retired: bool
) -> None:
    experience = make_leaks(watched, leaking)

    assert watching.is_retired(LEAK, experience, changed_at) is is_retired


def test_what_the_guard_cannot_see_never_retires() -> None:
    experience = make_leaks(["a.py::test_x"], [])

    assert not watching.is_retired(SLEEP, experience, 0.0)
    assert watching.build_watch([LEAK, SLEEP]) == {
        "a.py::test_x": ["PTI101"],
        "a.py::test_y": ["PTI101"],
    }


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}', '{"version":1,"watched":[1]}'])
def test_unreadable_leaks_are_refused(text: str) -> None:
    with pytest.raises(RecordError, match="file of leaks"):
        watching.parse_leaks(text, 0.0)


@pytest.mark.parametrize(
    ("name", "text", "paths"),
    [
        ("pytest.ini", "[pytest]\ntestpaths = a b\n", ["a", "b"]),
        ("pyproject.toml", "[tool.pytest.ini_options]\ntestpaths = ['a']\n", ["a"]),
        ("pyproject.toml", "[tool.pytest]\ntestpaths = ['a']\n", ["a"]),
        ("setup.cfg", "[tool:pytest]\ntestpaths = a\n", ["a"]),
        ("tox.ini", "[pytest]\n", ["tests"]),
        ("pytest.ini", "broken", ["tests"]),
    ],
)
def test_testpaths_are_read_as_pytest_does(
    tmp_path: Path, name: str, text: str, paths: list[str]
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")

    assert targets.read_testpaths(tmp_path) == paths


def test_root_is_where_the_configuration_lies(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\n", encoding="utf-8")

    assert targets.find_root(tmp_path / "a" / "b") == tmp_path


def test_sarif_points_at_rules_that_it_declares() -> None:
    analysis = analyse([Source("def (", "bad.py", "bad.py")])
    log = rendering.build_sarif([LEAK], analysis)

    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(RULES)
    assert run["results"][0]["ruleId"] == "PTI101"
    assert run["invocations"][0]["executionSuccessful"] is False


def test_github_text_is_escaped() -> None:
    finding = Finding("a,b.py", 1, 1, "PTI101", "100%\nmore")

    line = rendering.render_github([finding], analyse([]))

    assert line.startswith("::error file=a%2Cb.py,line=1,col=1,title=PTI101 environment::100%25%0A")


def test_every_rule_says_why_and_how_to_mend() -> None:
    assert len({rule.id for rule in TABLE}) == len({rule.name for rule in TABLE}) == len(TABLE)
    assert all(rule.why and rule.mend for rule in TABLE)
    assert rendering.render_rules_table().count("\n") == len(TABLE) + 1
