import pytest
from app import importer


def test_import_of_books():
    assert importer.load(["Emma"]) == {"emma": "Emma"}


def test_import_of_films():
    assert sorted(importer.load(["Alien", "Brazil"])) == ["alien", "brazil"]


def test_import_of_nothing(tmp_path):
    assert importer.load([], tmp_path / "lock") == {}


def test_second_import_is_refused(tmp_path):
    with importer.only_one(tmp_path / "lock"), pytest.raises(importer.AlreadyRunning):
        importer.load(["x"], tmp_path / "lock")


def test_lock_is_given_back(tmp_path):
    importer.load(["x"], tmp_path / "lock")
    assert importer.load(["y"], tmp_path / "lock") == {"y": "y"}


def test_same_title_twice(tmp_path):
    assert len(importer.load(["A", "a"], tmp_path / "lock")) == 1
