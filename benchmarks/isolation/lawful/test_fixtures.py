"""Wide fixtures and what tests may do with them."""

import os
import sqlite3
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest


@pytest.fixture(scope="class")
def shelf() -> Iterator[list[str]]:
    os.environ["STOCK_SHELF"] = "1"
    yield ["screw"]
    os.environ.pop("STOCK_SHELF")


def test_session_variable(database_url: str) -> None:
    assert os.environ["STOCK_DATABASE_URL"] == database_url


def test_between_two_users_of_a_session_fixture() -> None:
    assert os.environ.get("STOCK_DATABASE_URL") in (None, "sqlite://")


def test_session_variable_again(database_url: str) -> None:
    assert os.environ["STOCK_DATABASE_URL"] == database_url


def test_module_pool(pool: ThreadPoolExecutor) -> None:
    assert list(pool.map(len, ["a", "bb"])) == [1, 2]


def test_pool_grows(pool: ThreadPoolExecutor) -> None:
    assert [future.result() for future in [pool.submit(len, "abc") for _ in range(9)]] == [3] * 9


def test_session_server(server: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{server}/") as answer:
        assert answer.read() == b"ok"


def test_dynamic_session_server(request: pytest.FixtureRequest) -> None:
    assert request.getfixturevalue("server") > 0


def test_dynamic_first_use(request: pytest.FixtureRequest) -> None:
    workspace: Path = request.getfixturevalue("workspace")

    assert workspace.is_dir()


def test_parametrised_session_fixture(size: str) -> None:
    assert os.environ["STOCK_SIZE"] == size


def test_parametrised_session_fixture_again(size: str) -> None:
    assert size in ("small", "large")


def test_session_database(database: sqlite3.Connection) -> None:
    database.execute("insert into parts values ('screw', 2)")

    assert database.execute("select number from parts").fetchone() == (2,)
    database.rollback()


def test_working_directory_of_a_module(elsewhere: Path) -> None:
    assert Path.cwd() == elsewhere.resolve()


class TestShelf:
    def test_class_fixture(self, shelf: list[str]) -> None:
        assert shelf == ["screw"]

    def test_reads_a_class_fixture(self, shelf: list[str]) -> None:
        assert os.environ["STOCK_SHELF"] == str(len(shelf))
