"""Uses the worker's own database, and leaves it to each test as it found it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest


@pytest.fixture
def database(clean_database: str, worker_database_path: Path) -> Iterator[sqlite3.Connection]:
    """A shop's tables in the worker's database; `clean_database` takes back what is done there."""
    assert clean_database.startswith("sqlite:")
    with closing(sqlite3.connect(worker_database_path)) as connection:
        connection.execute("CREATE TABLE orders (name TEXT)")
        yield connection


def test_order_is_kept(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO orders VALUES ('tea')")
    database.commit()

    assert database.execute("SELECT name FROM orders").fetchall() == [("tea",)]


def test_no_orders_yet(database: sqlite3.Connection) -> None:
    assert database.execute("SELECT count(*) FROM orders").fetchone() == (0,)
