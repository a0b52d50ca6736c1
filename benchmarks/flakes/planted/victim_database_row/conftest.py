import pytest
from app.db import connect


@pytest.fixture(scope="session")
def connection():
    made = connect(":memory:")
    yield made
    made.close()


@pytest.fixture
def transaction(connection):
    yield connection
    connection.rollback()
