"""The way back without commits: on real files, byte for byte, modes included."""

from pathlib import Path

import pytest

from tests.infra.errors import PhaseError
from tests.infra.phases.backup import NAME, Backup


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """One file that is there, with an odd mode and odd bytes, and one that isn't."""
    old, new = tmp_path / "old.py", tmp_path / "new.json"
    old.write_bytes(b"a = 1\r\n\xff no break")
    old.chmod(0o640)
    return [old, new]


def change(files: list[Path]) -> None:
    files[0].write_text("changed")
    files[0].chmod(0o755)
    files[1].write_text("made")


def is_as_before(files: list[Path]) -> bool:
    old, new = files
    return (
        old.read_bytes() == b"a = 1\r\n\xff no break"
        and old.stat().st_mode & 0o777 == 0o640
        and not new.exists()
        and sorted(path.name for path in old.parent.iterdir()) == ["old.py"]
    )


def test_files_become_what_they_were(tmp_path: Path, files: list[Path]) -> None:
    backup = Backup(tmp_path)
    backup.begin(files)
    change(files)
    assert backup.end() == ["new.json", "old.py"]
    backup.settle()

    later = Backup(tmp_path)
    assert later.restore(later.list_files()) == []

    assert is_as_before(files)


def test_first_original_counts_however_many_gates_change_a_file(
    tmp_path: Path, files: list[Path]
) -> None:
    backup = Backup(tmp_path)
    for text in ("one", "two"):
        backup.begin(files)
        files[0].write_text(text)
        assert backup.end() == ["old.py"]
        backup.settle()

    backup.restore(["old.py"])

    assert is_as_before(files)


def test_nothing_is_kept_of_what_no_gate_changed(tmp_path: Path, files: list[Path]) -> None:
    backup = Backup(tmp_path)
    backup.begin(files)
    assert (tmp_path / NAME / ".gitignore").read_text() == "*\n"

    assert backup.end() == []
    backup.settle()

    assert is_as_before(files)


def test_link_becomes_a_link_again(tmp_path: Path) -> None:
    link = tmp_path / "link.py"
    link.symlink_to("elsewhere.py")
    backup = Backup(tmp_path)
    backup.begin([link])
    link.unlink()
    link.write_text("a file")
    assert backup.end() == ["link.py"]
    backup.settle()

    backup.restore(["link.py"])

    assert link.is_symlink()
    assert link.readlink() == Path("elsewhere.py")


def test_killed_gate_is_taken_back_and_what_it_left_set_aside(
    tmp_path: Path, files: list[Path], tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    aside = tmp_path_factory.mktemp("aside")
    monkeypatch.setattr("tempfile.tempdir", str(aside))
    Backup(tmp_path).begin(files)
    change(files)

    later = Backup(tmp_path)
    (remark,) = later.restore(later.list_files())

    assert is_as_before(files)
    assert remark.startswith("a gate was killed at new.json, old.py")
    assert {path.read_text() for path in aside.rglob("*.*")} == {"changed", "made"}


def test_file_that_a_person_changed_since_is_refused_and_nothing_restored(
    tmp_path: Path, files: list[Path]
) -> None:
    backup = Backup(tmp_path)
    backup.begin(files)
    change(files)
    backup.end()
    backup.settle()
    files[0].write_text("mine")

    with pytest.raises(PhaseError, match=r"old\.py; take your changes out") as caught:
        backup.restore(backup.list_files())

    assert files[0].read_text() == "mine"
    assert files[1].exists()
    digest = str(caught.value).rpartition("/")[2]
    assert (tmp_path / NAME / digest).read_bytes() == b"a = 1\r\n\xff no break"


@pytest.mark.parametrize("text", ["", "[]", '{"version": 9, "entries": {}}', '{"version": 1}'])
def test_state_that_is_no_state_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "state.json").write_text(text)

    with pytest.raises(PhaseError, match="what was saved can't be read"):
        Backup(tmp_path)
