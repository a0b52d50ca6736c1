import sqlite3

import pytest
from app import stock


@pytest.fixture
def memory():
    with stock.opened(":memory:") as connection:
        yield connection


def test_delivery_is_booked():
    with stock.opened() as connection:
        stock.book(connection, "delivery", [f"box {number}" for number in range(12)])
        assert stock.count(connection, "delivery") == 12


def test_inventory_is_booked():
    with stock.opened() as connection:
        stock.book(connection, "inventory", [f"shelf {number}" for number in range(12)])
        assert stock.count(connection, "inventory") == 12


def test_nothing_is_booked(memory):
    stock.book(memory, "empty", [])
    assert stock.count(memory, "empty") == 0


def test_booking_again_replaces(memory):
    stock.book(memory, "x", ["a", "b"])
    stock.book(memory, "x", ["a"])
    assert stock.count(memory, "x") == 1


def test_no_table_before_the_first_booking(memory):
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        stock.count(memory, "x")


def test_own_file(tmp_path):
    with stock.opened(tmp_path / "own.db") as connection:
        stock.book(connection, "x", ["a"])
        assert stock.count(connection, "x") == 1
