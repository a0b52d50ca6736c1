"""`check` on the command line: paths, formats, exit codes, and what the guard is told."""

import json
import os
from pathlib import Path

import pytest

from tests.infra import cli

LEAK = "import os\n\ndef test_it():\n    os.environ['A'] = '1'\n"
SLEEP = "import time, app\n\ndef test_it():\n    time.sleep(1)\n    assert app.done\n"


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a configuration and a test that leaks, which is the working directory."""
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = t\n", encoding="utf-8")
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "test_a.py").write_text(LEAK, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_check_reads_testpaths_and_finds(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check"]) == 1

    text = capsys.readouterr().out
    assert text.startswith("t/test_a.py:4:5: PTI101 environment: os.environ['A'] is set in a test")
    assert "1 finding in 1 files, 4 lines: PTI101 1" in text
    assert not (suite / ".pytest_cache").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--select", "PTI5"], 0),
        (["--ignore", "PTI101"], 0),
        (["--select", "PTI101,PTI102"], 1),
        (["--select", "PTI7"], 2),
        (["nowhere"], 2),
    ],
)
@pytest.mark.usefixtures("suite")
def test_exit_codes(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", *arguments]) == code

    assert bool(capsys.readouterr().err) is (code == 2)


@pytest.mark.parametrize("content", ["x = (\n", "# coding: nonsense\n", "x = '\0'\n"])
def test_file_that_is_no_python_is_named(
    suite: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (suite / "t" / "test_b.py").write_text(content, encoding="utf-8")

    assert cli.main(["check"]) == 2

    text = capsys.readouterr().out
    assert "t/test_b.py:1: can't be checked" in text
    assert "PTI101" in text


@pytest.mark.usefixtures("suite")
def test_formats(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["check", "--json"])
    by_flag = json.loads(capsys.readouterr().out)
    cli.main(["check", "--format", "json"])
    by_format = json.loads(capsys.readouterr().out)
    cli.main(["check", "--format", "github"])
    commands = capsys.readouterr().out

    assert by_flag["findings"] == by_format["findings"]
    assert by_flag["findings"][0]["tests"] == ["t/test_a.py::test_it"]
    assert commands.startswith("::error file=t/test_a.py,line=4,col=5,")


def test_guard_is_told_and_retires(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (suite / "t" / "test_b.py").write_text(SLEEP, encoding="utf-8")
    cache = suite / ".pytest_cache" / "d" / "infra"
    (suite / ".pytest_cache").mkdir()
    cli.main(["check"])
    watch = json.loads((cache / "watch.json").read_text(encoding="utf-8"))
    leaks = {"version": 1, "watched": list(watch["tests"]), "leaks": []}
    (cache / "leaks.json").write_text(json.dumps(leaks), encoding="utf-8")
    os.utime(suite / "t" / "test_a.py", (1, 1))
    capsys.readouterr()

    assert cli.main(["check", "--retired"]) == 1

    text = capsys.readouterr().out
    assert watch == {"version": 1, "tests": {"t/test_a.py::test_it": ["PTI101"]}}
    assert "t/test_a.py:4:5: PTI101 environment: retired: watched and clean" in text
    assert "1 finding in 2 files, 9 lines: PTI502 1; 1 more retired" in text


def test_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--rules"]) == 0

    assert "PTI501  unordered-parameters (error)" in capsys.readouterr().out
