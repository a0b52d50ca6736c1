"""A database per worker on a real PostgreSQL server; without one, skipped, with the way out."""

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.infra.database_url import DatabaseUrl
from tests.infra.sharing.databases import census, server
from tests.infra.sharing.databases.cleaning import PostgresCleaner
from tests.infra.sharing.databases.closing import drop_run, hold_for_run
from tests.infra.sharing.databases.names import Names, compute_lock
from tests.infra.sharing.databases.postgres import PostgresDatabase
from tests.infra.sharing.databases.server import Link, Server
from tests.infra.sharing.databases.template import hold_template
from tests.infra.sharing.errors import DatabaseError
from tests.test_infra.conftest import InnerSuite

VARIABLE = "PROXMOX_TEST_DATABASE_URL"
WAY_OUT = "run them by: python scripts/with_postgres.py pytest (and the group `database`)"

if VARIABLE not in os.environ or importlib.util.find_spec("psycopg") is None:
    # One line for all, and no word for each.
    pytest.skip(f"no PostgreSQL server, or no psycopg; {WAY_OUT}", allow_module_level=True)

RUNS = iter(range(1, 1000))


@pytest.fixture(scope="module")
def postgres() -> Server:
    """The server beside which the tests run."""
    return Server(DatabaseUrl(os.environ[VARIABLE]), VARIABLE, 5)


@pytest.fixture(scope="module")
def link(postgres: Server) -> Iterator[Link]:
    """A connection that looks at what the others do."""
    with contextlib.closing(postgres.connect()) as link:
        yield link


@pytest.fixture
def run_path(tmp_path: Path, postgres: Server) -> Iterator[Path]:
    """The directory of a run, all of whose databases are dropped afterwards."""
    path = tmp_path / f"{os.getpid()}-{next(RUNS):08x}"
    path.mkdir()
    yield path
    drop_run(postgres, path.name)


@pytest.fixture
def role(postgres: Server, link: Link) -> Iterator[Callable[[str], Server]]:
    """Call it with what a new role may do; it gives the server as that role finds it."""
    name = f"role_{os.getpid()}"
    link.run(f"DROP ROLE IF EXISTS {name}")

    def make(rights: str) -> Server:
        link.run(f"CREATE ROLE {name} LOGIN PASSWORD 'secret' {rights}")
        url = postgres.url.partition("@")[2]
        return replace(postgres, url=DatabaseUrl(f"postgresql://{name}:secret@{url}"))

    yield make
    link.run(f"DROP ROLE IF EXISTS {name}")


def find(link: Link, run_path: Path) -> list[str]:
    """Find what a run has on the server, by the last parts of the names."""
    prefix = Names(census.read_maintenance_oid(link), run_path.name).prefix
    rows = link.run("SELECT datname FROM pg_database WHERE starts_with(datname::text, %s)", prefix)
    return sorted(name.removeprefix(prefix) for (name,) in rows)


def migrate(url: str) -> None:
    """Make tables with all that makes it hard to put their rows back."""
    execute(
        url,
        "CREATE TABLE customer (id serial PRIMARY KEY, name text, seen int DEFAULT 0)",
        "CREATE TABLE purchase (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
        " customer int REFERENCES customer, twice int GENERATED ALWAYS AS (customer * 2) STORED)",
        "CREATE TABLE log (text text)",
        "CREATE TABLE part (day int) PARTITION BY RANGE (day)",
        "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10)",
        "INSERT INTO customer (name) VALUES ('Ada'), (E'tab\\t and \\\\')",
        "INSERT INTO purchase (customer) VALUES (1)",
        "INSERT INTO part VALUES (1)",
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO log VALUES (''noted''); RETURN NEW; END'",
        "CREATE TRIGGER noting AFTER INSERT ON customer FOR EACH ROW EXECUTE FUNCTION note()",
    )


def execute(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Execute statements in one transaction; return the rows of the last."""
    psycopg = server.import_psycopg()
    with contextlib.closing(psycopg.connect(url)) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
        connection.commit()
    return rows


def read_all(url: str) -> list[list[tuple[Any, ...]]]:
    """Read everything that a test may change, the numbers to come included."""
    tables = ("customer", "purchase", "log", "part")
    state = [execute(url, f"TABLE {name}") for name in tables]
    return [*map(sorted, state), execute(url, "SELECT * FROM pg_sequences ORDER BY 1, 2")]


def die(link: Link) -> None:
    """End a connection as the kernel does when its process is killed."""
    server._cut(link._connection.fileno())
    link.close()


# --- made, and dropped ---------------------------------------------------------------------------


def test_each_worker_has_its_own_copy(postgres: Server, link: Link, run_path: Path) -> None:
    migrations: list[str] = []

    def note(url: str) -> None:
        migrations.append(url)
        migrate(url)

    first = PostgresDatabase.open(postgres, run_path, "gw0", note)
    second = PostgresDatabase.open(postgres, run_path, "gw1", note)

    assert find(link, run_path) == ["gw0", "gw1", "template"]
    execute(first.url, "INSERT INTO log VALUES ('first')")
    assert execute(second.url, "TABLE log") == []
    assert len(migrations) == 1
    first.close()
    second.close()
    assert find(link, run_path) == ["template"]


def test_without_a_migration_there_is_no_template(
    postgres: Server, link: Link, run_path: Path
) -> None:
    database = PostgresDatabase.open(postgres, run_path, "gw0", None)

    assert find(link, run_path) == ["gw0"]
    database.close()


def test_end_of_a_run_drops_what_a_crash_left(postgres: Server, link: Link, run_path: Path) -> None:
    die(PostgresDatabase.open(postgres, run_path, "gw0", migrate)._link)

    drop_run(postgres, run_path.name)

    assert find(link, run_path) == []


def test_next_run_drops_what_the_dead_left_and_nothing_else(
    postgres: Server, link: Link, run_path: Path, tmp_path: Path
) -> None:
    dead = PostgresDatabase.open(postgres, run_path, "gw0", migrate)
    living = PostgresDatabase.open(postgres, run_path, "gw1", None)
    link.run("CREATE DATABASE infra_of_somebody")
    die(dead._link)
    wait_until_free(link, run_path, "gw0")

    other = tmp_path / f"{os.getpid()}-{next(RUNS):08x}"
    other.mkdir()
    PostgresDatabase.open(postgres, other, "gw0", None).close()

    assert find(link, run_path) == ["gw1"]
    link.run("DROP DATABASE infra_of_somebody")
    living.close()


def wait_until_free(link: Link, run_path: Path, worker_id: str) -> None:
    """Wait until the server has noticed that a connection has ended."""
    names = Names(census.read_maintenance_oid(link), run_path.name)
    lock = compute_lock(names.name_worker(worker_id))
    link.take(lock)
    link.give_back(lock)


def test_template_whose_maker_died_is_made_anew(
    postgres: Server, link: Link, run_path: Path
) -> None:
    names = Names(census.read_maintenance_oid(link), run_path.name)
    with contextlib.closing(postgres.connect()) as maker:
        maker.run(f'CREATE DATABASE "{names.template}"')
        execute(maker.server.url.point_at(names.template), "CREATE TABLE half (x int)")
        die(maker)

    database = PostgresDatabase.open(postgres, run_path, "gw0", migrate)

    assert execute(database.url, "SELECT name FROM customer WHERE id = 1") == [("Ada",)]
    assert execute(database.url, "SELECT to_regclass('half')") == [(None,)]
    database.close()


def test_migration_may_leave_its_connection_open(
    postgres: Server, link: Link, run_path: Path
) -> None:
    psycopg = server.import_psycopg()
    with contextlib.ExitStack() as stack:

        def keep_open(url: str) -> None:
            stack.enter_context(contextlib.closing(psycopg.connect(url)))

        database = PostgresDatabase.open(postgres, run_path, "gw0", keep_open)

    assert find(link, run_path) == ["gw0", "template"]
    database.close()


def test_failed_migration_leaves_nothing(postgres: Server, link: Link, run_path: Path) -> None:
    def fail(url: str) -> None:
        raise RuntimeError(url)

    with pytest.raises(RuntimeError) as caught:
        PostgresDatabase.open(postgres, run_path, "gw0", fail)

    assert "pytest_infra_migrate_database" in caught.value.__notes__[0]
    assert find(link, run_path) == []


def test_template_outlives_the_worker_that_made_it(
    postgres: Server, link: Link, run_path: Path
) -> None:
    def refuse(url: str) -> None:
        pytest.fail(f"migrated again: {url}")

    PostgresDatabase.open(postgres, run_path, "gw0", migrate).close()
    with contextlib.closing(hold_for_run(postgres, run_path.name)):
        census.sweep_dead(link)
        PostgresDatabase.open(postgres, run_path, "gw1", refuse).close()

    # Nor does a worker take its own run's for a leftover.
    PostgresDatabase.open(postgres, run_path, "gw2", refuse).close()


def test_template_is_nobodys_leftover_while_it_is_used(
    postgres: Server, link: Link, run_path: Path
) -> None:
    with contextlib.closing(postgres.connect()) as user:
        names = Names(census.read_maintenance_oid(link), run_path.name)
        hold_template(user, names, migrate)

        census.sweep_dead(link)

        assert find(link, run_path) == ["template"]


# --- what can be wrong ---------------------------------------------------------------------------


def open_and_fail(postgres: Server, run_path: Path) -> str:
    """Open a worker's database on a server that can't give one; return what is said."""
    started = time.monotonic()
    with pytest.raises(DatabaseError) as caught:
        PostgresDatabase.open(postgres, run_path, "gw0", migrate)
    assert time.monotonic() - started < postgres.timeout_s + server.GRACE_S + 2
    assert f"({VARIABLE})" in str(caught.value)
    return str(caught.value)


def point(postgres: Server, old: str, new: str) -> Server:
    head, _, tail = postgres.url.rpartition(old)
    return replace(postgres, url=DatabaseUrl(head + new + tail), timeout_s=0.5)


def test_server_that_is_down(postgres: Server, run_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"

        down = replace(postgres, url=DatabaseUrl(f"postgresql://u:secret@{address}/d"))

        assert "can't be reached" in open_and_fail(down, run_path)


def test_server_that_never_answers(postgres: Server, run_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = DatabaseUrl(f"postgresql://u:secret@127.0.0.1:{silent.getsockname()[1]}/d")

        text = open_and_fail(replace(postgres, url=url, timeout_s=0.5), run_path)

    assert "can't be reached" in text


def test_server_that_falls_silent(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "GRACE_S", 0.1)
    with contextlib.closing(replace(postgres, timeout_s=0.2).connect()) as link:
        link.run("SET statement_timeout = 0")

        with pytest.raises(DatabaseError, match=r"said nothing for 0.2 s"):
            link.run("SELECT pg_sleep(20)")


def test_wrong_password(postgres: Server, run_path: Path) -> None:
    password = postgres.url.split(":")[2].split("@")[0]

    text = open_and_fail(point(postgres, password, "wrong"), run_path)

    assert "lets nobody in with that name" in text
    assert "wrong" not in text


def test_maintenance_database_that_is_not_there(postgres: Server, run_path: Path) -> None:
    text = open_and_fail(point(postgres, "/postgres", "/nothing"), run_path)

    assert "name in PROXMOX_TEST_DATABASE_URL one that is there" in text


def test_full_server_is_asked_until_the_deadline(
    role: Callable[[str], Server],
) -> None:
    full = replace(role("CREATEDB CONNECTION LIMIT 0"), timeout_s=10)
    asked: list[float] = []

    with pytest.raises(DatabaseError, match=r"is full .*; end other clients"):
        full.connect(clock=lambda: len(asked) * 4.0, pause=asked.append)

    assert len(asked) == 3


def test_role_without_the_right_to_create(
    role: Callable[[str], Server], link: Link, run_path: Path
) -> None:
    assert "ALTER ROLE" in open_and_fail(role("NOCREATEDB"), run_path)
    assert find(link, run_path) == []


def test_worker_that_takes_too_long_over_the_template(
    postgres: Server, link: Link, run_path: Path
) -> None:
    names = Names(census.read_maintenance_oid(link), run_path.name)
    making = compute_lock(f"{names.template} making")
    link.take(making)

    text = open_and_fail(replace(postgres, timeout_s=0.2), run_path)

    link.give_back(making)
    assert "took longer than 0.2 s" in text


def test_database_that_somebody_holds_open(
    role: Callable[[str], Server], postgres: Server, link: Link, run_path: Path
) -> None:
    plain = replace(role("CREATEDB"), timeout_s=2)
    database = PostgresDatabase.open(plain, run_path, "gw0", None)

    held = r"held open by process \d+ of postgres.*; close"
    with (
        contextlib.closing(postgres.connect(database._name)),
        pytest.raises(DatabaseError, match=held),
    ):
        database.close()

    with contextlib.closing(plain.connect()) as next_run:
        assert census.sweep_dead(next_run) == [database._name]
    assert find(link, run_path) == []


def test_no_file_on_a_server(postgres: Server, run_path: Path) -> None:
    with (
        contextlib.closing(PostgresDatabase.open(postgres, run_path, "gw0", None)) as database,
        pytest.raises(DatabaseError, match=r"worker_database_path: .* use worker_database"),
    ):
        _ = database.path


# --- what a test committed -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def database(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database, for the tests that have it cleaned."""
    path = tmp_path_factory.mktemp("run") / f"{os.getpid()}-{next(RUNS):08x}"
    path.mkdir()
    database = PostgresDatabase.open(postgres, path, "gw0", migrate)
    yield database._name
    database.close()
    drop_run(postgres, path.name)


@pytest.mark.parametrize(
    "statements",
    [
        ["INSERT INTO log VALUES ('x')"],
        ["INSERT INTO customer (name) VALUES ('Bob')"],
        ["UPDATE customer SET seen = 1"],
        ["DELETE FROM purchase", "DELETE FROM customer"],
        ["TRUNCATE customer RESTART IDENTITY CASCADE"],
        ["INSERT INTO purchase (customer) VALUES (2)", "DELETE FROM purchase WHERE customer = 2"],
        ["INSERT INTO part VALUES (2)", "DELETE FROM part WHERE day = 1"],
        ["CREATE TABLE new AS SELECT * FROM customer"],
        ["CREATE TABLE new (purchase int REFERENCES purchase)", "INSERT INTO new VALUES (1)"],
    ],
    ids=lambda statements: statements[0].partition(" (")[0],
)
def test_what_is_committed_is_taken_back(
    postgres: Server, database: str, statements: list[str]
) -> None:
    url = postgres.url.point_at(database)
    before = read_all(url)

    with (
        contextlib.closing(PostgresCleaner(postgres.connect(database))) as cleaner,
        cleaner.clean(),
    ):
        execute(url, *statements)
        assert read_all(url) != before or "new" in statements[0]

    assert read_all(url) == before
    assert execute(url, "SELECT to_regclass('new')") == [(None,)]
    assert execute(url, "SELECT tgenabled FROM pg_trigger WHERE tgname = 'noting'") == [("O",)]


def test_transaction_left_open_is_ended_and_named(postgres: Server, database: str) -> None:
    psycopg = server.import_psycopg()
    url = postgres.url.point_at(database)
    before = read_all(url)

    with contextlib.closing(PostgresCleaner(postgres.connect(database))) as cleaner:
        cleaning = cleaner.clean()
        cleaning.__enter__()
        with contextlib.closing(psycopg.connect(url)) as forgotten:
            forgotten.execute("INSERT INTO log VALUES ('never committed')")
            with pytest.raises(DatabaseError, match=r"left open .*never committed.*; commit it or"):
                cleaning.__exit__(None, None, None)

    assert read_all(url) == before


def test_altered_table_is_named_and_the_rest_is_cleaned(postgres: Server, database: str) -> None:
    url = postgres.url.point_at(database)

    with contextlib.closing(PostgresCleaner(postgres.connect(database))) as cleaner:
        cleaning = cleaner.clean()
        cleaning.__enter__()
        execute(url, "ALTER TABLE log ADD n int", "INSERT INTO customer (name) VALUES ('Bob')")
        with pytest.raises(DatabaseError, match=r"dropped or altered: public.log; give it"):
            cleaning.__exit__(None, None, None)

    assert execute(url, "SELECT count(*) FROM customer") == [(2,)]
    execute(url, "ALTER TABLE log DROP n")


# --- the fixtures, in runs -----------------------------------------------------------------------

MIGRATION = """
    import psycopg

    def pytest_infra_migrate_database(url):
        with open("migrations", "a") as file:
            file.write(url + "\\n")
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE things (id serial PRIMARY KEY, name text)")
            connection.execute("INSERT INTO things (name) VALUES ('seed')")
        connection.close()
"""

USING = """
    import os
    import signal
    from pathlib import Path

    import pytest

    sqlalchemy = pytest.importorskip("sqlalchemy")
    INSERT = "INSERT INTO things (name) VALUES ('{}') RETURNING id"

    @pytest.mark.parametrize("number", range(3))
    def test_commits(clean_database, database_engine, worker_id, number):
        with database_engine.begin() as connection:
            found = connection.exec_driver_sql("SELECT name FROM things").fetchall()
            assert found == [("seed",)]
            assert connection.exec_driver_sql(INSERT.format(worker_id)).scalar() == 2

    @pytest.mark.parametrize("number", range(3))
    def test_rolls_back(database_session, number):
        assert database_session.execute(sqlalchemy.text(INSERT.format("kept"))).scalar() == 2
        database_session.commit()
        database_session.execute(sqlalchemy.text(INSERT.format("dropped")))
        database_session.rollback()
        names = database_session.execute(sqlalchemy.text("SELECT name FROM things")).scalars()
        assert names.all() == ["seed", "kept"]

    def test_dies_once(worker_database):
        if os.environ.get("DIE") == "worker" and not Path("died").exists():
            Path("died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if os.environ.get("DIE") == "all":
            os.killpg(os.getpgid(0), signal.SIGKILL)
"""


@pytest.fixture
def suite(inner: InnerSuite, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> InnerSuite:
    """A suite that uses all fixtures, on the server."""
    monkeypatch.setenv(VARIABLE, postgres.url)
    inner.write(conftest=MIGRATION, test_things=USING)
    return inner


def test_runs_with_and_without_workers_leave_nothing(suite: InnerSuite, link: Link) -> None:
    for workers in ("0", "2"):
        result = suite.run("-n", workers, "--isolation=error")
        result.assert_outcomes(passed=7)

    assert len((suite.path / "migrations").read_text().splitlines()) == 2
    assert find_of(link, suite) == []


@pytest.mark.proof
def test_run_whose_worker_is_killed_leaves_nothing(
    suite: InnerSuite, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIE", "worker")

    suite.run("-n", "2").assert_outcomes(passed=6, failed=1)

    assert find_of(link, suite) == []


@pytest.mark.proof
def test_what_a_killed_run_left_the_next_one_drops(
    suite: InnerSuite, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIE", "all")
    command = [sys.executable, "-m", "pytest", "-p", suite.plugin, "-n", "2"]
    dead = subprocess.run(command, cwd=suite.path, start_new_session=True, check=False)
    assert dead.returncode == -signal.SIGKILL
    assert "template" in " ".join(find_of(link, suite))

    monkeypatch.delenv("DIE")
    suite.run("-n", "2").assert_outcomes(passed=7)

    assert find_of(link, suite) == []


def find_of(link: Link, suite: InnerSuite) -> list[str]:
    """Find the databases of all runs of a suite."""
    urls = (suite.path / "migrations").read_text().splitlines()
    prefixes = tuple(DatabaseUrl(url).get_database().removesuffix("template") for url in urls)
    return [name for name in census.find_ours(link) if name.startswith(prefixes)]
