import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.infra.hunting import undo
from tests.infra.hunting.undo import READ, Keeper, take_back
from tests.test_infra.forks import run_in_fork


def look(root: Path) -> Mapping[str, str]:
    """Tell what is in a directory: files with their text, links with their target."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        else:
            found[name] = "directory" if path.is_dir() else path.read_bytes().decode("latin-1")
    return found


@pytest.fixture(autouse=True)
def let_coverage_see(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Python trace the audit hook, which it does only where one says so."""
    monkeypatch.setattr(Keeper._hear, "__cantrace__", True, raising=False)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with a file, a directory with a file, and a link."""
    place = tmp_path / "place"
    (place / "full" / "deep").mkdir(parents=True)
    (place / "empty").mkdir()
    (place / "old.txt").write_text("old", encoding="utf-8")
    (place / "full" / "deep" / "in.txt").write_text("in", encoding="utf-8")
    (place / "link").symlink_to("old.txt")
    return place


def run_kept(notes: Path, work: Callable[[], object]) -> None:
    """Do something to files in a process with a keeper."""

    def keep() -> None:
        Keeper(notes, []).install()
        work()

    run_in_fork(keep)


def create(place: Path) -> None:
    (place / "new.txt").write_text("new", encoding="utf-8")


def change(place: Path) -> None:
    (place / "old.txt").write_text("changed", encoding="utf-8")
    with (place / "old.txt").open("a", encoding="utf-8") as file:
        file.write(" twice")


def change_through_link(place: Path) -> None:
    (place / "link").write_text("changed", encoding="utf-8")


def rename(place: Path) -> None:
    (place / "old.txt").rename(place / "other.txt")


def rename_over(place: Path) -> None:
    (place / "full" / "deep" / "in.txt").replace(place / "old.txt")


def remove(place: Path) -> None:
    (place / "old.txt").unlink()


def remove_link(place: Path) -> None:
    (place / "link").unlink()
    (place / "link").write_text("a file now", encoding="utf-8")


def remove_tree(place: Path) -> None:
    shutil.rmtree(place / "full")


def remove_empty(place: Path) -> None:
    (place / "empty").rmdir()


def make_tree(place: Path) -> None:
    (place / "a" / "b").mkdir(parents=True)
    (place / "a" / "b" / "new.txt").write_text("new", encoding="utf-8")


def make_tree_for_others(place: Path) -> None:
    (place / "a").mkdir()
    subprocess.run([sys.executable, "-Sc", "open('a/by_other', 'w')"], cwd=place, check=True)


def move_tree(place: Path) -> None:
    (place / "full").rename(place / "moved")
    (place / "moved" / "deep" / "in.txt").write_text("changed", encoding="utf-8")


def move_tree_twice(place: Path) -> None:
    (place / "full").rename(place / "moved")
    (place / "moved").rename(place / "full")
    (place / "full").rename(place / "empty" / "far")


def make_link(place: Path) -> None:
    (place / "second").symlink_to("old.txt")
    (place / "hard").hardlink_to(place / "old.txt")


def truncate(place: Path) -> None:
    os.truncate(place / "old.txt", 1)


def fill_database(place: Path) -> None:
    connection = sqlite3.connect(place / "new.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (x)")
    connection.commit()


def create_in_thread(place: Path) -> None:
    thread = threading.Thread(target=create, args=(place,))
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    "work",
    [
        create,
        change,
        change_through_link,
        rename,
        rename_over,
        remove,
        remove_link,
        remove_tree,
        remove_empty,
        make_tree,
        make_tree_for_others,
        move_tree,
        move_tree_twice,
        make_link,
        truncate,
        fill_database,
        create_in_thread,
    ],
)
def test_what_was_done_is_taken_back(
    work: Callable[[Path], None], place: Path, tmp_path: Path
) -> None:
    before = look(place)

    run_kept(tmp_path / "notes", lambda: work(place))

    assert look(place) != before
    assert take_back(tmp_path / "notes") > 0
    assert look(place) == before
    assert not (tmp_path / "notes").exists()


def test_database_that_was_there_has_its_old_rows(place: Path, tmp_path: Path) -> None:
    with sqlite3.connect(place / "old.db") as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS x")
    connection.close()

    def insert() -> None:
        with sqlite3.connect(place / "old.db") as connection:
            connection.execute("INSERT INTO t VALUES (2)")
        connection.close()

    run_kept(tmp_path / "notes", insert)
    take_back(tmp_path / "notes")

    connection = sqlite3.connect(place / "old.db")
    assert connection.execute("SELECT x FROM t").fetchall() == [(1,)]
    connection.close()


def test_processes_that_share_a_directory_keep_the_first_state(place: Path, tmp_path: Path) -> None:
    before = look(place)

    for text in ("one", "two"):
        path = place / "old.txt"
        run_kept(tmp_path / "notes", lambda: path.write_text(text, encoding="utf-8"))  # noqa: B023  called at once

    assert look(place)["old.txt"] == "two"
    take_back(tmp_path / "notes")
    assert look(place) == before


def test_large_file_is_not_copied_but_moved_back(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "LIMIT_BYTES", 2)
    before = look(place)

    run_kept(tmp_path / "notes", lambda: rename(place))
    copies = list((tmp_path / "notes").glob("*.copy"))

    assert take_back(tmp_path / "notes") == 1
    assert (copies, look(place)) == ([], before)


def test_ignored_directory_keeps_what_was_done(place: Path, tmp_path: Path) -> None:
    def work() -> None:
        Keeper(tmp_path / "notes", [str(place / "full")]).install()
        (place / "full" / "new.txt").write_text("new", encoding="utf-8")
        create(place)

    run_in_fork(work)

    assert take_back(tmp_path / "notes") == 1
    assert (place / "full" / "new.txt").exists()


def test_data_of_coverage_stays(place: Path, tmp_path: Path) -> None:
    data = place / ".coverage.host.1.Xabc"

    run_kept(tmp_path / "notes", lambda: data.write_text("lines", encoding="utf-8"))

    assert take_back(tmp_path / "notes") == 0
    assert data.exists()


def test_touches_tell_reading_from_changing(place: Path, tmp_path: Path) -> None:
    def work() -> list[tuple[str, str]]:
        keeper = Keeper(tmp_path / "notes", [])
        keeper.install()
        (place / "old.txt").read_text(encoding="utf-8")
        create(place)
        return keeper.touches

    touches = run_in_fork(work)

    assert touches == [(READ, str(place / "old.txt")), ("file", str(place / "new.txt"))]


def test_nothing_kept_is_nothing_taken_back(tmp_path: Path) -> None:
    assert take_back(tmp_path / "none") == 0


def test_note_that_was_cut_is_passed_over(place: Path, tmp_path: Path) -> None:
    run_kept(tmp_path / "notes", lambda: create(place))
    with (tmp_path / "notes" / undo.NOTES).open("a", encoding="utf-8") as notes:
        notes.write('{"path": "/half')

    assert take_back(tmp_path / "notes") == 1
