import json
from pathlib import Path

import pytest

from tests.test_infra.scripting import load_script

compare_coverage = load_script("compare_coverage")


def write_report(path: Path, **files: tuple[list[int], list[int], list[list[int]]]) -> str:
    """Write a report: of each file the lines executed, those missing, and the branches executed."""
    entries = {
        f"{name}.py": {
            "executed_lines": lines,
            "missing_lines": missing,
            "executed_branches": branches,
            "missing_branches": [],
        }
        for name, (lines, missing, branches) in files.items()
    }
    path.write_text(json.dumps({"files": entries}))
    return str(path)


def test_same_code_is_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write_report(tmp_path / "one.json", a=([1, 2], [3], [[1, 2]]))
    two = write_report(tmp_path / "two.json", a=([1, 2], [3], [[1, 2]]))

    assert compare_coverage.main([one, two]) == 0
    assert "Both runs covered the same." in capsys.readouterr().out


def test_each_difference_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write_report(tmp_path / "one.json", a=([1, 2, 3, 4, 9], [], [[1, 2]]), b=([1], [], []))
    two = write_report(tmp_path / "two.json", a=([1], [2, 3, 4, 9], [[1, -1]]), b=([1], [], []))

    assert compare_coverage.main([one, two]) == 1
    out = capsys.readouterr().out
    assert "a.py: only one.json: lines 2-4, 9; branches 1->2" in out
    assert "a.py: only two.json: branches 1->-1" in out
    assert "b.py" not in out


def test_file_that_only_one_run_knows_is_a_difference(tmp_path: Path) -> None:
    one = write_report(tmp_path / "one.json", a=([1], [], []), b=([5], [], []))
    two = write_report(tmp_path / "two.json", a=([1], [], []))

    assert compare_coverage.main([one, two]) == 1


@pytest.mark.parametrize(("at_least", "code"), [("75", 0), ("75.1", 1)])
def test_share_of_lines_is_held_against_the_bar(tmp_path: Path, at_least: str, code: int) -> None:
    report = write_report(tmp_path / "one.json", a=([1, 2, 3], [4], []))

    assert compare_coverage.main([report, "--at-least", at_least]) == code


def test_poor_files_are_named_the_worst_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ten = list(range(1, 10))
    report = write_report(
        tmp_path / "r.json", good=(ten, [10], []), poor=([1], [2, 3], []), worse=([], [7], [])
    )

    compare_coverage.main([report])

    named = [line.split()[1] for line in capsys.readouterr().out.splitlines()[1:]]
    assert named == ["worse.py:", "poor.py:"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": {"a.py": {}}}', '{"files": [1]}'])
def test_what_is_no_report_is_a_mistake_of_the_users(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "odd.json"
    path.write_text(text)

    assert compare_coverage.main([str(path)]) == 2
    assert "odd.json: is no report of coverage as JSON; write it with" in capsys.readouterr().err


def test_report_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare_coverage.main([str(tmp_path / "none.json")]) == 2
    assert "No such file" in capsys.readouterr().err
