import os

import pytest
from app import tree


@pytest.fixture
def project(tmp_path):
    for name in ("b.txt", "a.txt", "src/z.py", "src/y.py"):
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "project"


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    made = tmp_path_factory.mktemp("archive")
    (made / "old.txt").write_text("old")
    return made


def test_files(project):
    assert tree.files(project) == ["a.txt", "b.txt", "src/y.py", "src/z.py"]


def test_files_by_suffix(project):
    assert tree.files(project, ".py") == ["src/y.py", "src/z.py"]


def test_no_files(tmp_path):
    assert tree.files(tmp_path) == []


def test_set_of_names(project):
    assert set(os.listdir(project)) == {"a.txt", "b.txt", "src"}


def test_sorted_glob(project):
    assert [path.name for path in sorted(project.glob("*.txt"))] == ["a.txt", "b.txt"]


def test_newest(tmp_path):
    for number, name in enumerate("ba"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, ns=(0, number * 10**9))
    assert tree.newest(tmp_path) == "a"


def test_newest_of_nothing(tmp_path):
    assert tree.newest(tmp_path) is None


def test_mirror(project, tmp_path):
    assert tree.mirror(project, tmp_path / "copy") == tree.files(project)


def test_mirror_twice(project, tmp_path):
    tree.mirror(project, tmp_path / "copy")
    assert len(tree.mirror(project, tmp_path / "copy")) == 4


def test_archive_is_read(archive):
    assert tree.files(archive) == ["old.txt"]


def test_archive_is_copied(archive, tmp_path):
    tree.mirror(archive, tmp_path)
    (tmp_path / "new.txt").touch()
    assert tree.files(archive) == ["old.txt"]
