"""The only door to psycopg: connections with deadlines, whose errors name fixture and setting.

What is asked of the server is left to the modules beside this one.
"""

import contextlib
import importlib
import math
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from ...database_url import DatabaseUrl
from ...errors import MissingPackageError
from ..errors import DatabaseError

if TYPE_CHECKING:
    from psycopg import Connection

PAUSE_S: Final = 0.1
GRACE_S: Final = 2.0
"""How much longer than its own deadline a server may take to say that it has passed."""

# Any: what the statement selects.
Row = tuple[Any, ...]

FULL: Final = r"too many (clients|connections)|connection slots are reserved"
STARTING: Final = "starting up"

NO_RIGHT: Final = "42501"
"""SQLSTATE insufficient_privilege: PostgreSQL's documentation, appendix A."""

IN_USE: Final = "55006"
"""SQLSTATE object_in_use: a database to which somebody is connected."""

LOCKED: Final = "55P03"
"""SQLSTATE lock_not_available: `lock_timeout` has passed."""

LATE: Final = "57014"
"""SQLSTATE query_canceled: `statement_timeout` has passed."""

EXPLANATIONS: Final = (
    (
        NO_RIGHT,
        "refuses its role that",
        "let the role make databases (ALTER ROLE name CREATEDB), or name another in SETTING",
    ),
    (IN_USE, "has a database that somebody holds open", "close what is connected to it"),
    (LOCKED, "has a table that somebody holds locked", "end that transaction"),
    (LATE, "took longer than TIMEOUT s", "see what holds it up, or raise database_timeout_s"),
    (FULL, "is full", "end other clients, run fewer workers, or raise its max_connections"),
    (STARTING, "is still starting", "wait until it is up"),
    (
        r"authentication failed|role .* does not exist|pg_hba|no password",
        "lets nobody in with that name",
        "mend name and password in SETTING",
    ),
    (
        r'database ".*" does not exist',
        "has no such database",
        "name in SETTING one that is there, such as postgres: it is asked to make others",
    ),
    (
        r"closed the connection|terminat|lost|SSL SYSCALL|EOF",
        "has closed the connection, or said nothing for TIMEOUT s",
        "see its log",
    ),
    (
        r"connection failed|timeout|could not|can't|failed to resolve",
        "can't be reached",
        "start the server, mend SETTING, or give none: each worker then has an SQLite file",
    ),
)
"""What an error's SQLSTATE or text means, and the way out; libpq gives no SQLSTATE for a connection
that it could not open."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server is, and how long it may take."""

    url: DatabaseUrl
    setting: str
    """Where the URL was given, for error texts."""
    timeout_s: float
    fixture: str = "worker_database"

    def connect(
        self,
        database: str = "",
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> "Link":
        """Open a connection; a server that is full, or starting, is asked again.

        :param database: its name; none: the one of the URL, or `postgres`.
        :raises DatabaseError: nobody let us in until the deadline.
        """
        psycopg = import_psycopg()
        deadline = clock() + self.timeout_s
        url = self.url.point_at(database or self.url.get_database() or "postgres", driver="")
        while True:
            left_s = deadline - clock()
            try:
                connection: Connection = psycopg.connect(
                    url,
                    autocommit=True,
                    connect_timeout=max(2, math.ceil(left_s)),
                    application_name="pytest-infra",
                )
                break
            except psycopg.Error as error:
                is_passing = re.search(f"{FULL}|{STARTING}", str(error))
                if not is_passing or left_s < PAUSE_S:
                    # None: the frames of a connection hold the password.
                    raise self.explain(error) from None
            pause(PAUSE_S)
        link = Link(self, connection)
        link.prepare()
        return link

    def explain(self, error: Exception) -> DatabaseError:
        """Build the error that a user reads from one of psycopg's."""
        text = " ".join(str(error).split())
        state = getattr(error, "sqlstate", None) or ""
        for sign, problem, remedy in EXPLANATIONS:
            if sign == state or (not state and re.search(sign, text)):
                # Not `format`: the server's text may have braces in it.
                meaning = problem.replace("TIMEOUT", f"{self.timeout_s:g}")
                way_out = remedy.replace("SETTING", self.setting)
                return self.complain(f"{meaning} ({text})", way_out, state)
        return self.complain(f"says: {text}", f"see its log, or mend {self.setting}", state)

    def complain(self, problem: str, remedy: str, sqlstate: str = "") -> DatabaseError:
        """Build an error that names fixture, setting and server."""
        error = DatabaseError(self.fixture, self.setting, self.url.mask(), problem, remedy)
        error.sqlstate = sqlstate
        return error


class Link:
    """An open connection, each statement of which is a transaction of its own."""

    def __init__(self, server: Server, connection: "Connection") -> None:
        self.server = server
        self._connection = connection

    def prepare(self) -> None:
        """Set the deadlines of statements, and none for being idle."""
        timeout_ms = math.ceil(self.server.timeout_s * 1000)
        self.run(f"SET statement_timeout = {timeout_ms}; SET idle_session_timeout = 0")

    def run(self, statement: str, *values: object) -> list[Row]:
        """Execute a statement and return its rows.

        :raises DatabaseError: the server refused it, or did not answer within the deadline.
        """
        with self._ask():
            # As bytes: psycopg's types want a literal, against injection; ours hold names of our
            # own making, and what PostgreSQL has quoted.
            cursor = self._connection.execute(statement.encode(), values or None)
            return list(cursor.fetchall()) if cursor.description else []

    @contextlib.contextmanager
    def transact(self) -> Iterator[None]:
        """Make one transaction of what is run meanwhile."""
        self.run("BEGIN")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK")
            raise
        self.run("COMMIT")

    def copy_out(self, statement: str) -> bytes:
        """Return what a COPY … TO STDOUT gives."""
        cursor = self._connection.cursor()
        with self._ask(), cursor.copy(statement.encode()) as copy:
            return b"".join(bytes(part) for part in copy)

    def copy_in(self, statement: str, content: bytes) -> None:
        """Hand content to a COPY … FROM STDIN."""
        cursor = self._connection.cursor()
        with self._ask(), cursor.copy(statement.encode()) as copy:
            copy.write(content)

    def take(self, lock: int, *, is_shared: bool = False) -> None:
        """Take an advisory lock, which the server frees when this connection ends."""
        self.run(f"SELECT pg_advisory_lock{'_shared' if is_shared else ''}(%s)", lock)

    def try_to_take(self, lock: int) -> bool:
        """Take an advisory lock if nobody has it."""
        return bool(self.run("SELECT pg_try_advisory_lock(%s)", lock)[0][0])

    def give_back(self, lock: int) -> None:
        """Give an advisory lock back."""
        self.run("SELECT pg_advisory_unlock(%s)", lock)

    def close(self) -> None:
        """Close the connection, and so give all locks back."""
        self._connection.close()

    @contextlib.contextmanager
    def _ask(self) -> Iterator[None]:
        """Keep the deadline, and explain what the server refuses."""
        psycopg = import_psycopg()
        try:
            with self._limit():
                yield
        except psycopg.Error as error:
            # None: the frames of a connection hold the password.
            raise self.server.explain(error) from None

    @contextlib.contextmanager
    def _limit(self) -> Iterator[None]:
        """Cut the connection of a server that says nothing at all, not even that it is late."""
        timer = threading.Timer(self.server.timeout_s + GRACE_S, _cut, [self._connection.fileno()])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def import_psycopg() -> ModuleType:
    """Import psycopg on first use: only PostgreSQL needs it, and it costs 100 ms.

    :raises MissingPackageError: it is not installed.
    """
    try:
        psycopg = importlib.import_module("psycopg")
    except ImportError as error:
        raise MissingPackageError(
            "psycopg",
            "worker_database needs it for the PostgreSQL server of --database-url",
            'install it (pip install "psycopg[binary]"), or give no URL: '
            "each worker then has an SQLite file",
        ) from error
    return psycopg


def _cut(descriptor: int) -> None:
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as twin:
        twin.shutdown(socket.SHUT_RDWR)
