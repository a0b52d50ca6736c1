import sqlite3

import pytest
from app import people


def test_signup(database):
    people.signup(database, "ann", "secret")
    assert people.may_login(database, "ann", "secret")


def test_name_is_unique(own_database):
    people.signup(own_database, "ann", "secret")
    with pytest.raises(sqlite3.IntegrityError):
        people.signup(own_database, "ann", "other")


def test_nobody_at_first(own_database):
    assert people.names(own_database) == []


def test_remove(own_database):
    people.signup(own_database, "bob", "x")
    people.remove(own_database, "bob")
    assert people.names(own_database) == []
