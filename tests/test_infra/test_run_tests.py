import importlib.util
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_infra.scripting import ROOT, load_script

run_tests = load_script("run_tests")


@pytest.fixture(autouse=True)
def with_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have coverage look installed, which it is in a group of its own only."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "coverage" or find(name))


def plan(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """Return the commands that the script would run, without the interpreter."""
    assert run_tests.main([*arguments, "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    return [shlex.join(shlex.split(line)[2:]) for line in lines]


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (("sequential",), "-m pytest"),
        (("sequential", "--markers", "unit"), "-m pytest -m unit"),
        (("parallel",), "-m pytest -c pytest-parallel.ini"),
        (
            ("parallel", "--workers", "4", "-vv", "--markers", "unit and not slow"),
            "-m pytest -c pytest-parallel.ini -m 'unit and not slow' -vv -n 4",
        ),
        (
            ("performance", "--workers", "2,4,auto", "--markers", "unit"),
            "-m tests.infra measure --workers 2,4,auto -m unit",
        ),
    ],
)
def test_mode_is_one_command(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], command: str
) -> None:
    assert plan(capsys, *arguments) == [command]


def test_what_is_after_two_dashes_goes_to_pytest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_tests.main(["parallel", "--dry-run", "--", "-x", "--", "tests/suite"]) == 0

    assert capsys.readouterr().out.endswith("-c pytest-parallel.ini -x -- tests/suite\n")


def test_coverage_is_measured_combined_and_reported(capsys: pytest.CaptureFixture[str]) -> None:
    commands = plan(capsys, "parallel", "--coverage", "--at-least", "95%")

    data = "--data-file=.coverage.parallel"
    assert commands[0] == f"-m coverage erase {data}"
    assert commands[1].startswith(f"-m coverage run {data} -m pytest -c pytest-parallel.ini")
    assert [command.split()[2] for command in commands[2:-1]] == ["combine", "xml", "json", "html"]
    outputs = "\n".join(commands)
    assert all(name in outputs for name in ("coverage-parallel.xml", "htmlcov/parallel"))
    assert commands[-1] == "scripts/compare_coverage.py --at-least 95 coverage-parallel.json"


def test_validation_checks_repeats_and_compares(capsys: pytest.CaptureFixture[str]) -> None:
    commands = plan(capsys, "validate", "--workers", "3", "--coverage")

    assert commands[0].startswith("-m tests.infra check tests/suite")
    assert commands[1] == "-m pytest tests/test_parallel_execution.py"
    assert commands[2] == "-m pytest -c pytest-parallel.ini -n 3 --count=3 tests/suite"
    assert commands[-1].endswith("coverage-sequential.json coverage-parallel.json")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("sequential", "--workers", "2"), "sequential has no workers"),
        (("parallel", "--workers", "none"), "--workers none is no number of workers"),
        (("parallel", "--workers", "2,4"), "--workers 2,4 is no number of workers"),
        (("performance", "--coverage"), "drop --coverage"),
        (("parallel", "--at-least", "95"), "add --coverage"),
        (("parallel", "--coverage", "--at-least", "much"), "'much' is no percentage"),
        (("backwards",), "invalid choice: 'backwards'"),
        ((), "required: MODE"),
    ],
)
def test_mistake_is_told(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run_tests.main(arguments)

    assert stopped.value.code == 2
    assert problem in capsys.readouterr().err


def test_missing_coverage_is_told_with_the_way_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(SystemExit):
        run_tests.main(["parallel", "--coverage"])

    assert "uv run --isolated --group cov" in capsys.readouterr().err


def make_step(code: str, *, is_report: bool = False) -> object:
    return run_tests.Step((sys.executable, "-c", code), is_report)


def test_first_failure_is_passed_on_and_reports_still_run(tmp_path: Path) -> None:
    mark = f"open({str(tmp_path / 'MARK')!r}, 'a').write"
    steps = [
        make_step("raise SystemExit(5)"),
        make_step(f"{mark}('left out')"),
        make_step(f"{mark}('report'); raise SystemExit(1)", is_report=True),
    ]

    assert run_tests.run(steps) == 5
    assert (tmp_path / "MARK").read_text() == "report"


def test_command_ended_by_a_signal_fails_as_in_a_shell() -> None:
    assert run_tests.run_one(make_step("import os; os.kill(os.getpid(), 9)")) == 137


def test_it_works_from_any_directory(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "run_tests.py"
    arguments = ["sequential", "--", "--version", "-p", "no:cacheprovider"]

    result = subprocess.run(
        [sys.executable, str(script), *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0
    assert result.stdout.startswith("$ ")
    assert "-m pytest --version" in result.stdout


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run_tests.main(["--help"])

    text = capsys.readouterr().out
    assert all(f"run_tests.py {mode}" in text for mode in run_tests.PLANS)
