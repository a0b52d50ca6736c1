"""Commits of gates and their revert, in real repositories."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.errors import PhaseError
from tests.infra.phases.commits import Repository, build_message
from tests.test_infra.phasing import GitRepository, isolate_git


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    """A repository, unmoved by the user's own configuration."""
    isolate_git(monkeypatch)
    return GitRepository(tmp_path)


def commit_change(made: GitRepository, text: str = "changed\n") -> str:
    (made.top / "test_a.py").write_text(text)
    return Repository(made.top).commit(
        ["test_a.py"], build_message("Phase 1 Gate 1", "PASSED", "x")
    )


def test_commit_holds_its_files_and_nothing_else(made: GitRepository) -> None:
    (made.top / "mine.txt").write_text("mine")
    (made.top / "pytest.ini").write_text("[pytest]\n# mine\n")
    (made.top / ".gitignore").write_text("out.json\n")
    (made.top / "out.json").write_text("{}")

    name = Repository(made.top).commit(["out.json"], build_message("Phase 3 Gate 1", "FAILED", "2"))

    assert made.git("show", "--format=%s", "--name-only", name).split("\n") == [
        "Phase 3 Gate 1: FAILED, 2", "", "out.json", "",
    ]  # fmt: skip
    assert made.git("status", "--porcelain") == " M pytest.ini\n?? .gitignore\n?? mine.txt\n"


def stage(made: GitRepository) -> None:
    (made.top / "other.txt").write_text("x")
    made.git("add", "other.txt")


def dirty_test(made: GitRepository) -> None:
    (made.top / "test_a.py").write_text("x")


def new_record(made: GitRepository) -> None:
    (made.top / "record").write_text("x")


def merge(made: GitRepository) -> None:
    (made.top / ".git" / "MERGE_HEAD").write_text(made.git("rev-parse", "HEAD"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (stage, "the index is dirty: other.txt; commit it"),
        (dirty_test, "a gate may change it: test_a.py; commit or stash it first"),
        (new_record, "a gate may change it: record"),
        (merge, "in the middle of something: MERGE_HEAD; end it first"),
        (lambda made: made.git("checkout", "--quiet", "--detach"), "git switch -c NAME"),
        (lambda _: None, ""),
        (lambda made: made.git("update-ref", "-d", "HEAD"), "there is no commit yet"),
    ],
    ids=["index", "test", "record", "merge", "detached", "sound", "unborn"],
)
def test_what_prevents_clean_commits_is_told_before_anything_runs(
    made: GitRepository, spoil: Callable[[GitRepository], object], words: str
) -> None:
    spoil(made)

    said = ""
    try:
        Repository(made.top).check_ready(["."], ["record"])
    except PhaseError as error:
        said = str(error)

    assert bool(said) is bool(words)
    assert words in said


def test_other_dirty_files_of_the_user_are_let_be(made: GitRepository) -> None:
    (made.top / "notes.txt").write_text("x")

    Repository(made.top).check_ready(["."], ["record"])


def test_directory_without_a_repository_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    assert Repository(tmp_path).get_head() == ""
    with pytest.raises(PhaseError, match="no git repository"):
        Repository(tmp_path).check_ready([], [])


def test_hook_that_refuses_leaves_nothing_staged(made: GitRepository) -> None:
    hook = made.top / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no such style >&2\nexit 1\n")
    hook.chmod(0o755)

    with pytest.raises(PhaseError, match="no such style"):
        commit_change(made)

    assert made.git("status", "--porcelain") == " M test_a.py\n"


def test_revert_gives_the_tree_and_the_modes_back(made: GitRepository) -> None:
    before = made.git("rev-parse", "HEAD^{tree}")
    (made.top / "test_a.py").chmod(0o600)
    repository = Repository(made.top)
    for text in ("one\n", "one\ntwo\n"):
        commit_change(made, text)
    (made.top / "mine.txt").write_text("mine")

    repository.revert(repository.list_gate_commits())

    assert made.git("rev-parse", "HEAD^{tree}") == before
    assert (made.top / "test_a.py").stat().st_mode & 0o777 == 0o600
    assert made.git("status", "--porcelain") == "?? mine.txt\n"
    assert repository.list_gate_commits() == [], "what was taken back is not ours any more"


def test_later_work_elsewhere_stays(made: GitRepository) -> None:
    repository = Repository(made.top)
    commit_change(made)
    (made.top / "later.py").write_text("later\n")
    made.git("add", "later.py")
    made.git("commit", "--quiet", "--message=later")

    repository.revert(repository.list_gate_commits())

    assert (made.top / "later.py").exists()
    assert (made.top / "test_a.py").read_bytes() == b"def test_a():\r\n    pass"


@pytest.mark.parametrize("is_committed", [True, False])
def test_same_lines_changed_since_are_refused_and_all_stays(
    made: GitRepository, *, is_committed: bool
) -> None:
    repository = Repository(made.top)
    commit_change(made)
    (made.top / "test_a.py").write_text("mine\n")
    if is_committed:
        made.git("commit", "--quiet", "--all", "--message=mine")
    before = made.git("status", "--porcelain"), made.git("rev-parse", "HEAD")

    with pytest.raises(PhaseError, match=r"test_a\.py; "):
        repository.revert(repository.list_gate_commits())

    assert (made.top / "test_a.py").read_text() == "mine\n"
    assert (made.git("status", "--porcelain"), made.git("rev-parse", "HEAD")) == before
