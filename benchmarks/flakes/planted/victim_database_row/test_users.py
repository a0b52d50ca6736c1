import pytest
from app import db


def test_no_user_at_first(connection):
    assert db.count(connection) == 0


def test_insert(transaction):
    before = db.count(transaction)
    db.insert(transaction, "bob")
    assert db.count(transaction) == before + 1


def test_insert_twice(transaction):
    db.insert(transaction, "eve")
    assert db.insert(transaction, "eve") == 0


@pytest.mark.parametrize("name", ["zoe", "yan"])
def test_insert_by_name(transaction, name):
    assert db.insert(transaction, name) == 1


def test_add_user(connection):
    db.add(connection, "ann")
    assert db.count(connection) >= 1


def test_own_database(tmp_path):
    connection = db.connect(tmp_path / "users.db")
    db.add(connection, "ann")
    assert db.count(connection) == 1
    connection.close()
