"""The workflow and the Makefile name commands, targets, verbs and options that exist."""

import re
import shlex
from typing import Any

import pytest
import yaml

from tests.infra.cli import build_parser
from tests.infra.commands import NAMES, load_verb
from tests.test_infra.scripting import ROOT, load_script

WORKFLOW = ROOT / ".github" / "workflows" / "tests.yml"
MAKEFILE = ROOT / "Makefile"

TARGETS = [
    *("test", "test-cov", "test-parallel", "test-parallel-cov", "test-unit-parallel"),
    *("test-integration-parallel", "test-performance", "test-validate-parallel", "quality-gate"),
]


# Any: what YAML holds.
def read_jobs() -> dict[str, Any]:
    jobs: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    return jobs


def list_commands() -> list[list[str]]:
    """List the commands of the workflow, and of the Makefile's recipes."""
    texts = [step["run"] for job in read_jobs().values() for step in job["steps"] if "run" in step]
    recipes = re.findall(r"^\t(\$\(\w+\).*)", MAKEFILE.read_text(encoding="utf-8"), re.MULTILINE)
    values = dict(
        re.findall(r"^(\w+) \??= (.*)", MAKEFILE.read_text(encoding="utf-8"), re.MULTILINE)
    )
    for _ in range(2):
        texts += (recipes := [re.sub(r"\$\((\w+)\)", lambda m: values[m[1]], r) for r in recipes])
    lines = [line for text in texts for line in re.split(r"\n|&&", text)]
    return [shlex.split(re.sub(r"\$\{\{.*?\}\}", "VALUE", line)) for line in lines if line]


def find_after(words: list[str], *start: str) -> list[str] | None:
    """Return what follows some words of a command, or None where they are not in it."""
    for place in range(len(words)):
        if tuple(words[place : place + len(start)]) == start:
            return words[place + len(start) :]
    return None


def read_targets() -> dict[str, list[str]]:
    """Read the targets that the Makefile explains, each with the lines of its recipe."""
    text = MAKEFILE.read_text(encoding="utf-8")
    found = re.findall(r"^([a-z-]+):.*##.*\n((?:\t.*\n?)*)", text, re.MULTILINE)
    return {name: recipe.splitlines() for name, recipe in found}


@pytest.mark.parametrize("target", TARGETS)
def test_target_is_there_and_one_line(target: str) -> None:
    assert len(read_targets()[target]) == 1


def test_targets_are_phony() -> None:
    text = MAKEFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    phony = next(line for line in text.splitlines() if line.startswith(".PHONY:")).split()[1:]

    assert sorted(phony) == sorted(read_targets())


def test_verbs_and_their_options_exist() -> None:
    calls = [rest for words in list_commands() if (rest := find_after(words, "tests.infra"))]
    parser = build_parser()
    takers = {name for name in NAMES if load_verb(name).takes_pytest_args}

    assert calls
    for call in calls:
        found, rest = parser.parse_known_args(call)
        assert found.verb.name in takers or not rest
        assert not [word for word in rest if word.startswith("-")], call


def test_calls_of_the_script_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    script = load_script("run_tests")
    monkeypatch.setattr(script, "run", len)
    monkeypatch.setattr(script.importlib.util, "find_spec", lambda _name: object())
    words = [
        ["95" if word == "$LEAST_COVERAGE" else word for word in one] for one in list_commands()
    ]
    calls = [rest for one in words if (rest := find_after(one, "scripts/run_tests.py"))]

    assert {call[0] for call in calls} == set(script.PLANS)
    assert all(script.main(call) for call in calls)


def test_scripts_and_configurations_that_are_named_exist() -> None:
    words = {word for command in list_commands() for word in command}
    paths = {word for word in words if re.fullmatch(r"[\w.-]+/[\w./-]+|[\w-]+\.ini", word)}
    made = {".venv/bin/uv", ".venv/bin/pip", "last-report/", "last-report/performance_report.json"}

    assert {"scripts/run_tests.py", ".ci/run", "pytest-parallel.ini"} <= paths
    assert not [path for path in paths - made if not (ROOT / path).exists()]


def test_groups_that_are_named_exist() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    groups = {rest[0] for words in list_commands() if (rest := find_after(words, "--group"))}

    assert "cov" in groups
    assert not [group for group in groups if not re.search(rf"^{group} = \[", text, re.MULTILINE)]


def test_workflow_tries_each_supported_python() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    supported = re.findall(r"Python :: (3\.\d+)\"", text)

    assert read_jobs()["versions"]["strategy"]["matrix"]["python"] == supported


def test_unit_tests_come_first_then_all_in_parallel() -> None:
    steps = [step.get("run", "") for step in read_jobs()["versions"]["steps"]]

    first = next(n for n, run in enumerate(steps) if "pytest -m unit" in run)
    assert "pytest -c pytest-parallel.ini" in steps[first + 1]


@pytest.mark.parametrize(
    ("job", "names"),
    [
        ("coverage", ("coverage-parallel.xml", "coverage-parallel.json", "htmlcov/parallel/")),
        ("performance", ("performance_report.json", "performance_report.svg")),
    ],
)
def test_reports_are_kept_whatever_happens(job: str, names: tuple[str, ...]) -> None:
    steps = read_jobs()[job]["steps"]
    upload = next(step for step in steps if "upload-artifact" in step.get("uses", ""))

    assert upload["if"] == "always()"
    assert tuple(upload["with"]["path"].split()) == names


def test_jobs_that_are_waited_for_exist() -> None:
    jobs = read_jobs()

    assert all(job.get("needs", "check") in jobs for job in jobs.values())
