import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.infra import shelf
from tests.infra.errors import RecordError, UnknownRunError
from tests.test_infra.recorded import make_schedule


def fill(path: Path, names: Sequence[str], *, failed: Sequence[str] = ()) -> None:
    """Write schedules, the oldest first."""
    for number, name in enumerate(names):
        line = "gw0: a 0-1!" if name in failed else "gw0: a 0-1"
        file = path / shelf.name_file(name)
        file.write_text(make_schedule(line, run_id=name).to_json(), encoding="utf-8")
        os.utime(file, (number, number))


@pytest.mark.parametrize(
    ("name", "found"),
    [("last", "cd1"), ("last-failed", "ab2"), ("ab1", "ab1"), ("c", "cd1"), ("ab", None)],
)
def test_run_is_found_by_its_name(tmp_path: Path, name: str, found: str | None) -> None:
    fill(tmp_path, ["ab1", "ab2", "cd1"], failed=["ab1", "ab2"])

    if found is None:
        with pytest.raises(UnknownRunError, match="could be any of ab2, ab1; give more"):
            shelf.find_path(tmp_path, name)
    else:
        assert shelf.find_path(tmp_path, name) == tmp_path / f"{found}.json"


def test_whole_id_wins_over_a_longer_one(tmp_path: Path) -> None:
    fill(tmp_path, ["ab", "abc"])

    assert shelf.find_path(tmp_path, "ab") == tmp_path / "ab.json"


def test_file_from_elsewhere_is_found_by_its_path(tmp_path: Path) -> None:
    fill(tmp_path, ["from-ci"])
    path = tmp_path / "from-ci.json"

    assert shelf.find_path(None, str(path)) == path
    assert shelf.read_schedule(path).run_id == "from-ci"


def test_unknown_run_names_the_known_ones(tmp_path: Path) -> None:
    fill(tmp_path, ["ab1", "cd1"])

    with pytest.raises(UnknownRunError, match="known are, the newest first: cd1, ab1"):
        shelf.find_path(tmp_path, "zz")
    with pytest.raises(UnknownRunError, match="no such run"):
        shelf.find_path(tmp_path, "last-failed")
    with pytest.raises(UnknownRunError, match="none has run here"):
        shelf.find_path(None, "last")


def test_last_runs_and_last_failed_ones_stay(tmp_path: Path) -> None:
    names = [f"run{number:02}" for number in range(60)]
    failed = names[:30]
    fill(tmp_path, names, failed=failed)

    shelf.remove_old(tmp_path)

    kept = {path.stem for path in tmp_path.iterdir()}
    assert kept == {*names[-shelf.KEPT :], *failed[-shelf.KEPT :]}


def test_odd_id_is_a_plain_file_name() -> None:
    assert shelf.name_file("build/7 b") == "build_7_b.json"


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(RecordError, match="not a schedule"):
        shelf.read_schedule(path)
