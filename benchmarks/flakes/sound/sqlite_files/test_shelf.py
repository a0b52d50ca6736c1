import contextlib
import sqlite3
import threading

import pytest
from app.shelf import Shelf


@pytest.fixture
def shelf(tmp_path):
    with contextlib.closing(Shelf(tmp_path / "books.db")) as made:
        yield made


@pytest.fixture(scope="session")
def library():
    with contextlib.closing(Shelf(":memory:")) as made:
        made.add("Emma", 474)
        made.add("Dune", 412)
        yield made


def test_empty_shelf(shelf):
    assert shelf.titles() == []


def test_no_pages(shelf):
    assert shelf.pages() == 0


def test_add(shelf):
    shelf.add("Emma", 474)
    assert shelf.titles() == ["Emma"]


def test_titles_are_unique(shelf):
    shelf.add("Emma", 474)
    with pytest.raises(sqlite3.IntegrityError):
        shelf.add("Emma", 1)


def test_failed_insert_changes_nothing(shelf):
    shelf.add("Emma", 474)
    with contextlib.suppress(sqlite3.IntegrityError):
        shelf.add("Emma", 1)
    assert shelf.pages() == 474


def test_books_are_kept(tmp_path):
    for title in ("b", "a"):
        with contextlib.closing(Shelf(tmp_path / "s.db")) as shelf:
            shelf.add(title, 1)
    with contextlib.closing(Shelf(tmp_path / "s.db")) as shelf:
        assert shelf.titles() == ["a", "b"]


def test_two_writers(tmp_path):
    def write(title):
        with contextlib.closing(Shelf(tmp_path / "s.db")) as shelf:
            shelf.add(title, 1)

    threads = [threading.Thread(target=write, args=(title,)) for title in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with contextlib.closing(Shelf(tmp_path / "s.db")) as shelf:
        assert shelf.titles() == ["a", "b"]


def test_library_has_two_books(library):
    assert library.titles() == ["Dune", "Emma"]


def test_pages_of_the_library(library):
    assert library.pages() == 886


def test_insert_is_rolled_back(library):
    library.connection.execute("insert into books values ('Odd', 1)")
    library.connection.rollback()
    assert "Odd" not in library.titles()
