"""The fixtures of a database per worker; `plugin` loads them, `sharing.databases` does the work."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from .database_url import DatabaseUrl
from .session import Session

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Engine
    from sqlalchemy.orm import Session as OrmSession


class Cleaner(Protocol):
    """What takes back what tests do to a database."""

    def clean(self) -> "AbstractContextManager[None]":
        """Take back what is committed meanwhile."""

    def keep_sequences(self) -> "AbstractContextManager[None]":
        """Take back which numbers are given out meanwhile."""

    def close(self) -> None:
        """Close what it has opened."""


class WorkerDatabase(Protocol):
    """A worker's database, on a server or in a file."""

    @property
    def url(self) -> DatabaseUrl:
        """Where it is."""

    @property
    def path(self) -> Path:
        """Its file."""

    def open_cleaner(self) -> Cleaner:
        """Open what takes back what tests do to it."""

    def close(self) -> None:
        """Remove it."""


@pytest.fixture(scope="session")
def infra_database(infra_session: Session, pytestconfig: pytest.Config) -> Iterator[WorkerDatabase]:
    """The database of this worker; the other fixtures build on it."""
    from .sharing.databases.choosing import open_database  # noqa: PLC0415  paid by its users

    database = open_database(infra_session, pytestconfig.hook.pytest_infra_migrate_database)
    yield database
    database.close()


@pytest.fixture(scope="session")
def worker_database(infra_database: WorkerDatabase) -> DatabaseUrl:
    """The URL of a database that no other worker, and no other run, uses."""
    return infra_database.url


@pytest.fixture(scope="session")
def worker_database_path(infra_database: WorkerDatabase) -> Path:
    """The SQLite file of `worker_database`; an error where that is on a server."""
    return infra_database.path


# Of the session: what it keeps open would else seem to be left open by the first test.
@pytest.fixture(scope="session")
def infra_database_cleaner(infra_database: WorkerDatabase) -> Iterator[Cleaner]:
    """What takes back what tests do to this worker's database."""
    cleaner = infra_database.open_cleaner()
    yield cleaner
    cleaner.close()


@pytest.fixture
def clean_database(
    worker_database: DatabaseUrl, infra_database_cleaner: Cleaner
) -> Iterator[DatabaseUrl]:
    """The URL of `worker_database`; what the test commits there is taken back when it ends."""
    with infra_database_cleaner.clean():
        yield worker_database


@pytest.fixture(scope="session")
def database_engine(worker_database: DatabaseUrl) -> "Iterator[Engine]":
    """An SQLAlchemy engine on `worker_database`."""
    from .sharing.databases.engines import build_engine  # noqa: PLC0415  paid by its users

    engine = build_engine(worker_database)
    yield engine
    engine.dispose()


@pytest.fixture
def database_connection(
    infra_database_cleaner: Cleaner, database_engine: "Engine"
) -> "Iterator[Connection]":
    """An SQLAlchemy connection in a transaction that is rolled back when the test ends."""
    from .sharing.databases.engines import rolled_back  # noqa: PLC0415  paid by its users

    with infra_database_cleaner.keep_sequences(), rolled_back(database_engine) as connection:
        yield connection


@pytest.fixture
def database_session(database_connection: "Connection") -> "Iterator[OrmSession]":
    """An SQLAlchemy ORM session; what it commits is rolled back when the test ends."""
    from .sharing.databases.engines import open_session  # noqa: PLC0415  paid by its users

    with open_session(database_connection) as session:
        yield session
