"""The only door to SQLAlchemy: an engine on a worker's database, a connection rolled back."""

import contextlib
import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from ...database_url import DatabaseUrl
from ...errors import MissingPackageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Connection as SqliteConnection

    from sqlalchemy import Connection, Engine
    from sqlalchemy.orm import Session


def build_engine(url: DatabaseUrl) -> "Engine":
    """Build an engine that opens now what it keeps open, lest a test seem to have opened it.

    :raises MissingPackageError: SQLAlchemy is not installed.
    """
    sqlalchemy = import_sqlalchemy()
    if not url.is_server():
        engine: Engine = sqlalchemy.create_engine(str(url), poolclass=sqlalchemy.NullPool)
        _begin_as_sqlite_should(sqlalchemy, engine)
        return engine
    # Ours is synchronous, whatever the suite's own is; and psycopg is there.
    url = url.point_at(url.get_database(), driver="psycopg")
    engine = sqlalchemy.create_engine(str(url), pool_size=1, max_overflow=-1, pool_pre_ping=True)
    engine.connect().close()
    return engine


@contextlib.contextmanager
def rolled_back(engine: "Engine") -> "Iterator[Connection]":
    """Open a connection in a transaction that is rolled back, also what is committed inside it.

    So it is for a `Session` on it that has `join_transaction_mode="create_savepoint"`.
    """
    with engine.connect() as connection:
        transaction = connection.begin()
        try:
            yield connection
        finally:
            # A test that rolled back all of it has ended it already.
            if transaction.is_active:
                transaction.rollback()


def open_session(connection: "Connection") -> "Session":
    """Open an ORM session whose commits are savepoints of the connection's transaction."""
    from sqlalchemy.orm import Session  # noqa: PLC0415  may be missing

    return Session(bind=connection, join_transaction_mode="create_savepoint")


def import_sqlalchemy() -> ModuleType:
    """Import SQLAlchemy on first use.

    :raises MissingPackageError: it is not installed.
    """
    try:
        sqlalchemy = importlib.import_module("sqlalchemy")
    except ImportError as error:
        raise MissingPackageError(
            "sqlalchemy",
            "database_engine, database_connection and database_session need it",
            "install it (pip install sqlalchemy), or use worker_database, which is a URL",
        ) from error
    return sqlalchemy


def _begin_as_sqlite_should(sqlalchemy: ModuleType, engine: "Engine") -> None:
    """Let SQLAlchemy begin transactions, which sqlite3 does too late for savepoints.

    Source: SQLAlchemy's documentation, SQLite dialect, "Serializable isolation / Savepoints".
    """

    def leave_it_to_us(connection: "SqliteConnection", _record: object) -> None:
        connection.isolation_level = None

    def begin(connection: "Connection") -> None:
        connection.exec_driver_sql("BEGIN")

    sqlalchemy.event.listen(engine, "connect", leave_it_to_us)
    sqlalchemy.event.listen(engine, "begin", begin)
