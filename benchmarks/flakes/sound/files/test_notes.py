import tempfile
import zipfile
from pathlib import Path

import pytest
from app.notes import Notes


@pytest.fixture
def notes(tmp_path):
    return Notes(tmp_path / "notes")


def test_directory_is_made(notes):
    assert notes.directory.is_dir()


def test_no_notes(notes):
    assert notes.names() == []


def test_write_and_read(notes):
    notes.write("a", "hello")
    assert notes.read("a") == "hello"


def test_names_are_sorted(notes):
    for name in ("c", "a", "b"):
        notes.write(name, "")
    assert notes.names() == ["a", "b", "c"]


def test_write_replaces(notes):
    notes.write("a", "old")
    notes.write("a", "new")
    assert notes.read("a") == "new"


def test_unknown_note(notes):
    with pytest.raises(FileNotFoundError):
        notes.read("nothing")


def test_archive(notes, tmp_path):
    notes.write("a", "hello")
    with zipfile.ZipFile(notes.archive(tmp_path / "backup")) as archive:
        assert archive.namelist().count("a.txt") == 1


def test_temporary_directory():
    with tempfile.TemporaryDirectory() as name:
        Notes(Path(name)).write("x", "y")
        assert [path.name for path in Path(name).iterdir()] == ["x.txt"]


def test_temporary_file():
    with tempfile.NamedTemporaryFile("w+") as file:
        file.write("hello")
        file.seek(0)
        assert file.read() == "hello"


def test_two_directories(tmp_path):
    Notes(tmp_path / "one").write("a", "")
    assert Notes(tmp_path / "two").names() == []
