import sqlite3

import pytest


@pytest.fixture(scope="session")
def database():
    connection = sqlite3.connect(":memory:")
    yield connection
    connection.close()


@pytest.fixture
def fresh_database():
    connection = sqlite3.connect(":memory:")
    yield connection
    connection.close()
