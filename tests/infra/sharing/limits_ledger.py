"""The only door to pyrate-limiter: the calls of one service, past and to come, in a file.

A place is taken in advance, in one transaction: who comes later gets a later one, nobody has to
look again, and of a process that is killed nothing is left but a place that nobody uses, until the
next run begins.
Waiting until the place has come is left to `limits`.
"""

import contextlib
import importlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from ..environment import make_directory
from ..errors import MissingPackageError
from ..rate_limits import MINUTE_MS, RateLimit
from .errors import RateLimitBusyError, RateLimitConflictError, RateLimitTimeoutError
from .limits_clock import MachineClock

if TYPE_CHECKING:
    from pyrate_limiter import SQLiteBucket

BUSY_S: Final = 10.0
"""How long another process may hold the file; ours take about a millisecond."""

MARGIN_PERCENT: Final = 2
"""By how much longer the spans are in which calls are counted: a process may wake up late, and its
call is then nearer to the next ones, which begin when they may."""

CALLS: Final = "calls"

USERS: Final = "CREATE TABLE IF NOT EXISTS users (run TEXT PRIMARY KEY, per_minute INT, burst INT)"


class Ledger:
    """The calls of one service, in a file that all runs of this machine share."""

    def __init__(  # noqa: PLR0913  each a seam of its own
        self,
        directory: Path,
        limit: RateLimit,
        *,
        run_path: Path,
        is_dead: Callable[[Path], bool],
        clock: MachineClock,
        busy_s: float = BUSY_S,
    ) -> None:
        self._path = directory / f"{limit.name}.db"
        self._limit = limit
        self._run_path = run_path
        self._is_dead = is_dead
        self._clock = clock
        self._busy_s = busy_s
        self._library = _import_library(limit.name)

    def reserve(self, *, longest_s: float) -> float:
        """Take the next free place; return in how many seconds it is.

        :raises RateLimitTimeoutError: it is further away than `longest_s`; it is not taken.
        :raises RateLimitConflictError: another run that lives has another limit under this name.
        :raises RateLimitBusyError: the file can't be used.
        """
        with self._open() as bucket:
            now = self._clock.now_ms()
            self._agree(bucket.conn, now)
            has_old = bucket.count() > 2 * self._limit.per_minute
            place = self._put(bucket, now, longest_ms=int(longest_s * 1000))
            if has_old:
                # Another transaction: the place is taken for good already.
                bucket.leak(now)
        # Others may have held the file meanwhile, and the place is where it is.
        return max(0, place - self._clock.now_ms()) / 1000

    def _put(self, bucket: "SQLiteBucket", now: int, *, longest_ms: int) -> int:
        """Take the first place that the limit allows; return its time."""
        newest = bucket.peek(0)
        # Never before one who came earlier, also where dead runs have left places free.
        at: int = max(now, newest.timestamp if newest else 0)
        while at - now <= longest_ms:
            item = self._library.RateItem(str(self._run_path), at)
            if bucket.put(item):
                return at
            delay = bucket.waiting(item)
            assert isinstance(delay, int), "only a bucket of asyncio's gives something to await"
            at += max(1, delay)
        raise RateLimitTimeoutError(
            self._limit.name, self._limit.render(), (at - now) / 1000, longest_ms / 1000
        )

    @contextlib.contextmanager
    def _open(self) -> "Iterator[SQLiteBucket]":
        """Open the file and begin; what is not committed at the end has not been."""
        make_directory(self._path.parent)
        try:
            # One connection for each place: none is open in a fork, nor at the end of a test.
            with contextlib.closing(
                sqlite3.connect(self._path, timeout=self._busy_s)
            ) as connection:
                yield self._begin(connection)
        except sqlite3.Error as error:
            raise RateLimitBusyError(self._limit.name, self._path, str(error)) from error

    def _begin(self, connection: sqlite3.Connection) -> "SQLiteBucket":
        """Begin a transaction that writes, before anything is read that it depends on."""
        # A machine that loses power forgets the calls of its last minute, and nothing else.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN IMMEDIATE")
        queries = self._library.SQLiteQueries
        connection.execute(queries.CREATE_BUCKET_TABLE.format(table=CALLS))
        connection.execute(
            queries.CREATE_INDEX_ON_TIMESTAMP.format(index_name="by_time", table_name=CALLS)
        )
        connection.execute(USERS)
        if connection.execute("PRAGMA user_version").fetchone() != (self._clock.epoch,):
            # Times of before the machine was started say nothing now.
            connection.execute(f"DELETE FROM {CALLS}")  # noqa: S608  a constant
            connection.execute(f"PRAGMA user_version = {self._clock.epoch}")
        bucket: SQLiteBucket = self._library.SQLiteBucket(self._build_rates(), connection, CALLS)
        return bucket

    # Any of the two rates may be the one that holds a call up.
    def _build_rates(self) -> list[object]:
        limit, rate = self._limit, self._library.Rate
        rates = [rate(limit.per_minute, _lengthen(MINUTE_MS))]
        if limit.burst < limit.per_minute:
            rates.append(rate(limit.burst, _lengthen(limit.burst_ms)))
        return rates

    def _agree(self, connection: sqlite3.Connection, now: int) -> None:
        """Note that this run uses the service, unless one that lives has another limit for it."""
        mine = (self._limit.per_minute, self._limit.burst)
        users = connection.execute("SELECT run, per_minute, burst FROM users").fetchall()
        known = {Path(run): (per_minute, burst) for run, per_minute, burst in users}
        if known.get(self._run_path) == mine:
            return
        for run, theirs in known.items():
            if run != self._run_path and self._is_dead(run):
                _forget(connection, str(run), now)
            elif theirs != mine:
                other = RateLimit(self._limit.name, *theirs).render()
                whose = "this run" if run == self._run_path else f"the run in {run}"
                raise RateLimitConflictError(self._limit.name, self._limit.render(), other, whose)
        connection.execute("INSERT INTO users VALUES (?, ?, ?)", (str(self._run_path), *mine))


def _forget(connection: sqlite3.Connection, run: str, now: int) -> None:
    """Remove a dead run, and the places that it has not come to; what it called counts."""
    connection.execute("DELETE FROM users WHERE run = ?", (run,))
    places = f"DELETE FROM {CALLS} WHERE name = ? AND item_timestamp > ?"  # noqa: S608  a constant
    connection.execute(places, (run, now))


def _lengthen(span_ms: int) -> int:
    return span_ms + span_ms * MARGIN_PERCENT // 100


# Imported on first use: it is optional, and its import takes 0.1 s.
def _import_library(name: str) -> ModuleType:
    try:
        pyrate_limiter = importlib.import_module("pyrate_limiter")
    except ImportError as error:
        raise MissingPackageError(
            "pyrate-limiter",
            f"the fixture and the marker rate_limit ({name!r}) need it",
            "install it (pip install pyrate-limiter, or uv sync --group limits)",
        ) from error
    return pyrate_limiter
