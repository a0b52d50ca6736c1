"""What needs no server: names, orders, explanations, and SQLite's files."""

import contextlib
import re
import sqlite3
import sys
from pathlib import Path

import pytest

from tests.infra.database_url import DatabaseUrl
from tests.infra.errors import MissingPackageError
from tests.infra.records import Holder
from tests.infra.sharing.databases.cleaning import find_emptied, order_refills
from tests.infra.sharing.databases.names import Names, build_pattern, compute_lock
from tests.infra.sharing.databases.server import Server
from tests.infra.sharing.databases.sqlite import SqliteDatabase, open_database
from tests.infra.sharing.errors import DatabaseError
from tests.test_infra.conftest import InnerSuite

HOLDER = Holder("gw0", 1, "host", "a test", "2026-01-01T00:00:00+00:00")
NAMES = Names(16384, "4711-0123abcd")
SERVER = Server(DatabaseUrl("postgresql://u:secret@h/d"), "--database-url", 0.2)

MIGRATION = """
    import contextlib, sqlite3

    def pytest_infra_migrate_database(url):
        with open("migrations", "a") as file:
            file.write(url + "\\n")
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.execute("CREATE TABLE things (name TEXT)")
"""

SHARING = """
    import contextlib, sqlite3
    import pytest

    @pytest.mark.parametrize("number", range(6))
    def test_thing(worker_database, worker_database_path, worker_id, number):
        assert worker_database == f"sqlite:///{worker_database_path}"
        with contextlib.closing(sqlite3.connect(worker_database_path)) as connection:
            connection.execute("INSERT INTO things VALUES (?)", (worker_id,))
            connection.commit()
            owners = connection.execute("SELECT DISTINCT name FROM things").fetchall()
        assert owners == [(worker_id,)]
"""


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("worker_id", ["gw0", "master", "template", "Ä b", "gW1", "x" * 80])
def test_name_is_ours_and_short_enough(worker_id: str) -> None:
    name = NAMES.name_worker(worker_id)

    assert re.search(build_pattern(16384), name)
    assert len(name.encode()) <= 63
    assert name != NAMES.template


def test_different_workers_have_different_names() -> None:
    ids = ["gw0", "gw1", "GW1", "gw-1", "gw_1", "template", "x" * 80, "x" * 81]

    assert len({NAMES.name_worker(worker_id) for worker_id in ids}) == len(ids)


@pytest.mark.parametrize("name", ["infra", "infra_16385_1_0123abcd_gw0", "infra_16384_shop_gw0"])
def test_other_names_are_not_ours(name: str) -> None:
    assert not re.search(build_pattern(16384), name)


def test_lock_is_a_number_that_postgres_has() -> None:
    locks = {compute_lock(f"{NAMES.prefix}gw{number}") for number in range(1000)}

    assert len(locks) == 1000
    assert all(-(2**63) <= lock < 2**63 for lock in locks)


# --- what is emptied, and refilled ---------------------------------------------------------------

REFERENCES = {("line", "order"), ("order", "customer"), ("note", "customer")}


def test_what_refers_to_an_emptied_table_is_emptied_too() -> None:
    assert find_emptied({"order"}, REFERENCES) == {"order", "line"}
    assert find_emptied({"customer"}, REFERENCES) == {"customer", "order", "line", "note"}


def test_tables_are_refilled_after_those_that_they_refer_to() -> None:
    order = order_refills({"line", "order", "customer"}, REFERENCES)

    assert order == ["customer", "order", "line"]


def test_circle_of_references_comes_last() -> None:
    circle = {("a", "b"), ("b", "a"), ("a", "c")}

    assert order_refills({"a", "b", "c"}, circle)[0] == "c"


# --- explanations --------------------------------------------------------------------------------


class RefusedError(Exception):
    def __init__(self, text: str, sqlstate: str | None = None) -> None:
        super().__init__(text)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RefusedError("permission denied to create database", "42501"), "ALTER ROLE"),
        (RefusedError("zugriff verweigert", "42501"), "ALTER ROLE"),
        (RefusedError("FATAL: sorry, too many clients already"), "max_connections"),
        (RefusedError("connection failed: Connection refused"), "can't be reached"),
        (RefusedError("FATAL: password authentication failed"), "mend name and password in"),
        (RefusedError('FATAL: database "d" does not exist'), "has no such database"),
        (RefusedError("canceling statement", "57014"), "took longer than 0.2 s"),
        (RefusedError("{odd} words", "XX000"), "says: {odd} words; see its log"),
    ],
)
def test_error_names_fixture_setting_server_and_way_out(error: Exception, words: str) -> None:
    text = str(SERVER.explain(error))

    assert text.startswith("worker_database: postgresql://u:***@h/d (--database-url) ")
    assert words in text
    assert "secret" not in text


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(MissingPackageError, match=r"psycopg is not there.*worker_database.*pip"):
        SERVER.connect()


# --- SQLite --------------------------------------------------------------------------------------


def make_file(tmp_path: Path, journal: str = "delete", timeout_s: float = 5) -> SqliteDatabase:
    """Make a worker's database with one table and one row, of a template whose maker left it open.

    :param journal: with `wal`, the row is in the log and not in the file.
    """
    maker: list[sqlite3.Connection] = []

    def migrate(url: str) -> None:
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        maker.append(connection)
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("CREATE TABLE things (name TEXT)")
        connection.execute("INSERT INTO things VALUES ('seed')")
        connection.commit()

    made = open_database(tmp_path, tmp_path, migrate, holder=HOLDER, timeout_s=timeout_s)
    maker[0].close()
    return made


def read_things(path: Path) -> list[tuple[str]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT name FROM things").fetchall()


def change(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_file_is_a_copy_of_the_template(tmp_path: Path, journal: str) -> None:
    database = make_file(tmp_path, journal)

    assert read_things(database.path) == [("seed",)]


def test_second_worker_does_not_migrate_again(tmp_path: Path) -> None:
    make_file(tmp_path)
    (tmp_path / "gw1").mkdir()

    def refuse(url: str) -> None:
        pytest.fail(f"migrated again: {url}")

    second = open_database(tmp_path / "gw1", tmp_path, refuse, holder=HOLDER, timeout_s=5)

    assert read_things(second.path) == [("seed",)]


def test_failed_migration_leaves_no_template(tmp_path: Path) -> None:
    def fail(url: str) -> None:
        change(Path(url.removeprefix("sqlite:///")), "CREATE TABLE half (x)")
        raise RuntimeError("a mistake")

    with pytest.raises(RuntimeError) as caught:
        open_database(tmp_path, tmp_path, fail, holder=HOLDER, timeout_s=5)

    assert "pytest_infra_migrate_database" in caught.value.__notes__[0]
    assert read_things(make_file(tmp_path).path) == [("seed",)]


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_what_is_committed_to_a_file_is_taken_back(tmp_path: Path, journal: str) -> None:
    database = make_file(tmp_path, journal)

    for _ in range(2):
        with database.clean():
            change(database.path, "INSERT INTO things VALUES ('more')", "CREATE TABLE new (x)")
            assert read_things(database.path) == [("seed",), ("more",)]

    assert read_things(database.path) == [("seed",)]
    change(database.path, "CREATE TABLE new (x)")


def test_file_held_open_is_an_error_within_the_deadline(tmp_path: Path) -> None:
    database = make_file(tmp_path, timeout_s=0.1)

    cleaning = database.clean()

    with contextlib.closing(sqlite3.connect(database.path)) as holder:
        cleaning.__enter__()
        change(database.path, "INSERT INTO things VALUES ('more')")
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match=r"clean_database: .* held open.*; end the test's"):
            cleaning.__exit__(None, None, None)


@pytest.mark.proof
def test_workers_share_no_file_and_migrate_once(
    inner: InnerSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROXMOX_TEST_DATABASE_URL", raising=False)
    inner.write(conftest=MIGRATION, test_things=SHARING)

    result = inner.run("-n", "2", "-p", "no:randomly")

    result.assert_outcomes(passed=6)
    assert len((inner.path / "migrations").read_text().splitlines()) == 1
    assert not inner.infra_dir.exists()


def test_wrong_url_ends_the_run_before_any_test(inner: InnerSuite) -> None:
    inner.write(test_nothing="def test_nothing(): pass")

    result = inner.run_here("--database-url", "mysql://u:secret@h/d")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = result.stderr.str()
    assert "--database-url = 'mysql://u:***@h/d' is not the URL of a PostgreSQL server" in text
