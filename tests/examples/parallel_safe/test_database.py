"""Sets up a database for each worker, and leaves it to each test as it found it."""

import sqlite3
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def worker_database(
    tmp_path_factory: pytest.TempPathFactory, worker_slot: int
) -> Iterator[sqlite3.Connection]:
    """A database of this worker's; on a server, the slot would be in its name."""
    path = tmp_path_factory.mktemp("shop") / f"shop_{worker_slot}.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE orders (name TEXT)")
    connection.commit()
    yield connection
    connection.close()


@pytest.fixture
def database(worker_database: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """The database, without what the test has written."""
    yield worker_database
    worker_database.rollback()


def test_order_is_kept(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO orders VALUES ('tea')")

    assert database.execute("SELECT name FROM orders").fetchall() == [("tea",)]


def test_no_orders_yet(database: sqlite3.Connection) -> None:
    assert database.execute("SELECT count(*) FROM orders").fetchone() == (0,)
