from pathlib import Path

import pytest
from app import people


@pytest.fixture
def database():
    with people.opened(Path(__file__).with_name("people.db")) as connection:
        people.remove(connection, "ann")
        yield connection
        people.remove(connection, "ann")


@pytest.fixture
def own_database(tmp_path):
    with people.opened(tmp_path / "people.db") as connection:
        yield connection
