"""The SQLite file of one worker, a copy of the one that is migrated once per run.

Copies are made by SQLite itself, so that nothing is lost that is in a write-ahead log.
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from ... import locks
from ...database_url import DatabaseUrl
from ...environment import make_directory
from ...records import Holder
from ..errors import DatabaseError
from .template import NOTE, Migrate

if TYPE_CHECKING:
    from sqlite3 import Connection

TRY_AGAIN_S: Final = 0.05


class SqliteDatabase:
    """A file of one worker's own; it goes with the worker's directory."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        self.path = path
        self.url = render_url(path)
        self._timeout_s = timeout_s

    @contextlib.contextmanager
    def clean(self) -> Iterator[None]:
        """Take back what is committed meanwhile; also tables, for the whole file comes back.

        :raises DatabaseError: somebody held the file until the deadline.
        """
        with connect(self.path) as own, connect(":memory:") as before:
            copy(own, before, timeout_s=self._timeout_s)
            version = _read_version(own)
            try:
                yield
            finally:
                if _read_version(own) != version:
                    copy(before, own, timeout_s=self._timeout_s)

    @contextlib.contextmanager
    def keep_sequences(self) -> Iterator[None]:
        """Do nothing: a rollback takes SQLite's numbers back, too."""
        yield

    def open_cleaner(self) -> Self:
        """Return what takes back what tests do."""
        return self

    def close(self) -> None:
        """Leave the file to the worker's directory, which is removed with all that is in it."""


def open_database(
    directory: Path, run_path: Path, migrate: Migrate | None, *, holder: Holder, timeout_s: float
) -> SqliteDatabase:
    """Make a worker's file.

    :param directory: the worker's own.
    :param migrate: fills the run's template; None: the file is empty.
    :raises LockTimeoutError: another worker's migration took too long.
    """
    path = directory / "database.sqlite3"
    if migrate is None:
        path.touch()
        return SqliteDatabase(path, timeout_s)
    template = run_path / "databases" / "template.sqlite3"
    make_directory(template.parent)
    with locks.hold(template.with_suffix(".lock"), holder=holder, timeout_s=timeout_s):
        if not template.exists():
            _make_template(template, migrate, timeout_s)
    with connect(template) as source, connect(path) as target:
        copy(source, target, timeout_s=timeout_s)
    return SqliteDatabase(path, timeout_s)


def render_url(path: Path) -> DatabaseUrl:
    """Build the URL of a file, as SQLAlchemy reads it."""
    return DatabaseUrl(f"sqlite:///{path.as_posix()}")


@contextlib.contextmanager
def connect(path: Path | str) -> "Iterator[Connection]":
    """Open a connection that waits for nobody, and closes."""
    import sqlite3  # noqa: PLC0415  paid by those who want it

    with contextlib.closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        # What doesn't outlive the run needn't survive a power cut.
        connection.execute("PRAGMA synchronous = OFF")
        yield connection


def copy(source: "Connection", target: "Connection", *, timeout_s: float) -> None:
    """Make one database what the other is.

    :raises DatabaseError: somebody held one of them until the deadline.
    """
    deadline = time.monotonic() + timeout_s

    # Without it, `backup` tries a locked file for ever.
    def give_up(_status: int, _remaining: int, _total: int) -> None:
        if time.monotonic() > deadline:
            raise _complain(target, timeout_s)

    source.backup(target, progress=give_up, sleep=TRY_AGAIN_S)


def _make_template(template: Path, migrate: Migrate, timeout_s: float) -> None:
    """Migrate a file of another name: under its own there is only one that is complete."""
    draft = template.with_name("draft.sqlite3")
    complete = template.with_name("complete.sqlite3")
    for path in template.parent.glob("draft.sqlite3*"):
        path.unlink()
    complete.unlink(missing_ok=True)
    try:
        migrate(render_url(draft))
    except BaseException as error:
        error.add_note(NOTE)
        raise
    with connect(draft) as source, connect(complete) as target:
        copy(source, target, timeout_s=timeout_s)
    complete.replace(template)


def _complain(connection: "Connection", timeout_s: float) -> DatabaseError:
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    return DatabaseError(
        "clean_database",
        "database_url",
        render_url(Path(path)).mask(),
        f"is held open, for longer than {timeout_s:g} s",
        "end the test's transactions, and close what it has opened, also cursors with rows left",
    )


def _read_version(connection: "Connection") -> int:
    """Read a number that changes when another connection commits: SQLite, PRAGMA data_version."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])
