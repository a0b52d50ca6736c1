"""What git says has changed, asked of real repositories."""

import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from tests.infra.errors import RepositoryError
from tests.infra.hunting.changed import Change, Reached
from tests.infra.hunting.repository import find_changed_tests, parse_diff

TEST_FILE = """\
def test_a():
    x = 1

def test_b():
    pass
"""


class Repository:
    """A repository with one commit."""

    def __init__(self, top: Path) -> None:
        self.top = top

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.top / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def git(self, *arguments: str) -> None:
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "gc.auto=0")
        subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.top,
            check=True,
            capture_output=True,
        )

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "--message=x")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository on the branch `main`, unmoved by the user's own configuration."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    made = Repository(tmp_path)
    made.git("init", "--quiet", "--initial-branch=main")
    made.write(app="X = 1\n", tests__test_1="import app\n", tests__test_2=TEST_FILE)
    made.commit()
    return made


def test_worktree_index_and_new_files_count(repository: Repository) -> None:
    repository.write(app="X = 2\n", tests__test_3="")
    repository.git("add", "app.py")
    repository.write(tests__test_2=TEST_FILE.replace("x = 1", "x = 2"))

    found = find_changed_tests(repository.top)

    expected = ("tests/test_1.py", "tests/test_2.py::test_a", "tests/test_3.py")
    assert found == Reached(expected, ())


def test_node_ids_are_relative_to_where_pytest_starts(repository: Repository) -> None:
    repository.write(app="X = 2\n", test_0="import app")

    found = find_changed_tests(repository.top / "tests")

    assert found.nodeids == ("../test_0.py", "test_1.py")


def test_since_counts_from_where_the_branch_began(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "work")
    repository.write(tests__test_3="")
    repository.commit()
    repository.git("checkout", "--quiet", "main")
    repository.write(app="X = 3\n")
    repository.commit()
    repository.git("checkout", "--quiet", "work")

    assert find_changed_tests(repository.top).nodeids == ()
    assert find_changed_tests(repository.top, "main").nodeids == ("tests/test_3.py",)


def test_unknown_revision_is_told(repository: Repository) -> None:
    with pytest.raises(RepositoryError, match="nowhere"):
        find_changed_tests(repository.top, "nowhere")


def test_directory_outside_any_repository_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    with pytest.raises(RepositoryError, match=r"not a git repository.*name the tests"):
        find_changed_tests(tmp_path)


def test_missing_git_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(RepositoryError, match="git can't be started"):
        find_changed_tests(tmp_path)


def test_diff_is_read_past_lines_that_look_like_its_own() -> None:
    text = dedent("""\
        diff --git a/x.py b/x.py
        --- a/x.py
        +++ b/x.py
        @@ -3 +3,2 @@ def f():
        --- a/y.py
        +++ b/y.py
        +@@ -1 +1 @@
        @@ -9,2 +10,0 @@
        -a
        -b
        \\ No newline at end of file
        diff --git a/z.py b/z.py
        --- a/z.py
        +++ /dev/null
        @@ -1 +0,0 @@
        -gone
        """)

    assert parse_diff(text) == [Change("x.py", (range(3, 5), range(11, 11)))]
