"""What a worker's database costs: made from the run's template, cleaned after a test, dropped.

The template has 30 tables with 1,000 rows in each of ten; the server keeps Debian's settings, so
that it waits for the disk.  Prints a table and, with `--write`, puts it into `databases.md` beside
this file.

    uv run --group database python scripts/with_postgres.py \
        python -m benchmarks.sharing.databases --write
"""

import argparse
import contextlib
import functools
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.infra.database_url import DatabaseUrl
from tests.infra.records import Holder
from tests.infra.sharing.databases.closing import drop_run
from tests.infra.sharing.databases.postgres import PostgresDatabase
from tests.infra.sharing.databases.server import Server, import_psycopg
from tests.infra.sharing.databases.sqlite import open_database

VARIABLE = "PROXMOX_TEST_DATABASE_URL"
RESULT = Path(__file__).with_suffix(".md")
BAR_MS = 300
TABLES = 30
FILLED = 10
ROWS = 1000
HOLDER = Holder("gw0", 1, "host", "a benchmark", "")
MAKE = "a worker's database from the template"

ONE_MORE = f"INSERT INTO t{TABLES - 1} VALUES (1, 'x')"  # noqa: S608  constants

Times = dict[str, list[float]]


def render_statements() -> list[str]:
    """Build what a migration executes; PostgreSQL and SQLite both understand it."""
    values = ", ".join(f"({number}, 'text {number}')" for number in range(ROWS))
    made = [
        f"CREATE TABLE t{number} (id int PRIMARY KEY, text text UNIQUE)" for number in range(TABLES)
    ]
    return made + [f"INSERT INTO t{number} VALUES {values}" for number in range(FILLED)]  # noqa: S608  constants


def migrate_server(url: str) -> None:
    """Fill a PostgreSQL database."""
    with contextlib.closing(import_psycopg().connect(url)) as connection:
        for statement in render_statements():
            connection.execute(statement)
        connection.commit()


def migrate_file(url: str) -> None:
    """Fill an SQLite file."""
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        for statement in render_statements():
            connection.execute(statement)
        connection.commit()


@contextlib.contextmanager
def timed(times: Times, name: str) -> Iterator[None]:
    """Note how long something takes, in ms."""
    started = time.perf_counter()
    yield
    times.setdefault(name, []).append(1000 * (time.perf_counter() - started))


def measure_server(server: Server, run_path: Path, rounds: int) -> Times:
    """Measure what a server takes; the template is made before the first round."""
    times: Times = {}
    keeper = PostgresDatabase.open(server, run_path, "keeper", migrate_server)
    for number in range(rounds):
        with timed(times, MAKE):
            database = PostgresDatabase.open(server, run_path, f"gw{number}", migrate_server)
        cleaner = database.open_cleaner()
        measure_cleaning(times, cleaner.clean, functools.partial(change_server, database.url))
        cleaner.close()
        with timed(times, "dropping it"):
            database.close()
    keeper.close()
    drop_run(server, run_path.name)
    return times


def measure_files(directory: Path, rounds: int) -> Times:
    """Measure the same with files."""
    times: Times = {}
    for number in range(rounds + 1):
        own = directory / f"gw{number}"
        own.mkdir()
        # The first one makes the template.
        with timed(times if number else {}, MAKE):
            database = open_database(own, directory, migrate_file, holder=HOLDER, timeout_s=60)
        measure_cleaning(times, database.clean, functools.partial(change_file, database.path))
    return times


def measure_cleaning(
    times: Times,
    clean: Callable[[], contextlib.AbstractContextManager[None]],
    change: Callable[[], None],
) -> None:
    """Measure what cleaning costs a test that changes nothing, and one that adds a row."""
    with timed(times, "`clean_database` around a test that changes nothing"), clean():
        pass
    started = time.perf_counter()
    with clean():
        begun = time.perf_counter() - started
        change()
        ended = time.perf_counter()
    took = begun + time.perf_counter() - ended
    times.setdefault("`clean_database` around a test that commits a row", []).append(1000 * took)


def change_server(url: str) -> None:
    """Commit a row to a PostgreSQL database."""
    with contextlib.closing(import_psycopg().connect(url)) as connection:
        connection.execute(ONE_MORE)
        connection.commit()


def change_file(path: Path) -> None:
    """Commit a row to an SQLite file."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(ONE_MORE)
        connection.commit()


def render(server: Times, files: Times, version: str, load: float) -> list[str]:
    """Return the whole report, a line each."""
    rounds = len(server[MAKE])
    verdict = "kept" if statistics.median(server[MAKE]) < BAR_MS else "missed"
    return [
        "# What a worker's database costs",
        "",
        f"{TABLES} tables, {ROWS} rows in each of {FILLED}; {rounds} rounds, medians (range). "
        f"{version}, SQLite {sqlite3.sqlite_version}, Python {platform.python_version()}, "
        f"{os.cpu_count()} processors, load {load:.1f}. Again: `uv run --group database python "
        "scripts/with_postgres.py python -m benchmarks.sharing.databases --write`.",
        "",
        f"Bar: a PostgreSQL database from the template under {BAR_MS} ms, {verdict}.",
        "",
        "| | PostgreSQL | SQLite |",
        "|---|---|---|",
        *(
            f"| {name} | {summarise(server[name])} | {summarise(files.get(name))} |"
            for name in server
        ),
    ]


def summarise(times: Sequence[float] | None) -> str:
    """Render median and range."""
    if not times:
        return "with the worker's directory"
    return f"{statistics.median(times):.1f} ms ({min(times):.1f} to {max(times):.1f})"


def main() -> int:
    """Measure and print the table; 1: the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=20, help="measured rounds (default: 20)")
    parser.add_argument("--write", action="store_true", help="write databases.md, too")
    options = parser.parse_args()
    if VARIABLE not in os.environ:
        sys.exit(f"no {VARIABLE}; call it through scripts/with_postgres.py")
    load = os.getloadavg()[0]
    server = Server(DatabaseUrl(os.environ[VARIABLE]), VARIABLE, 60)
    with contextlib.closing(server.connect()) as link:
        version = link.run("SELECT split_part(version(), ' (', 1)")[0][0]
    with tempfile.TemporaryDirectory() as name:
        run_path = Path(name, f"{os.getpid()}-0123abcd")
        run_path.mkdir()
        times = measure_server(server, run_path, options.rounds)
        files = measure_files(run_path, options.rounds)
    text = "\n".join(render(times, files, version, load)) + "\n"
    print(text)
    if options.write:
        RESULT.write_text(text, encoding="utf-8")
    return int(statistics.median(times[MAKE]) >= BAR_MS)


if __name__ == "__main__":
    sys.exit(main())
