"""The file of durations that pytest-split reads and writes."""

import json
from pathlib import Path

import pytest

from tests.infra.durations import parse_durations, render_durations, write_whole
from tests.infra.errors import RecordError


def test_durations_are_rendered_as_pytest_split_does() -> None:
    durations = {"b.py::test": 2.5, 'a.py::test["ü"]': 1.0}

    text = render_durations(durations)

    assert text == json.dumps(durations, sort_keys=True, indent=4)
    assert parse_durations(text) == durations


def test_no_durations_are_an_empty_object() -> None:
    assert render_durations({}) == "{}"


def test_pairs_of_old_pytest_split_are_read() -> None:
    assert parse_durations('[["a.py::test", 1.5]]') == {"a.py::test": 1.5}


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", "7", '{"a": "1"}', '{"a": -1}', '{"a": NaN}', '{"a": null}', "[[1, 2]]"],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(RecordError):
        parse_durations(text)


def test_write_replaces_what_a_link_points_to(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(target)

    write_whole(link, "new")

    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "target"]


def test_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()

    with pytest.raises(OSError, match="directory"):
        write_whole(tmp_path / "directory", "text")

    assert [path.name for path in tmp_path.iterdir()] == ["directory"]
