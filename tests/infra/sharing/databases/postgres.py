"""The PostgreSQL database of one worker, for as long as the worker lives."""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from ..errors import DatabaseError
from . import census
from .cleaning import PostgresCleaner
from .names import Names, compute_lock
from .server import Link, Server
from .template import Migrate, hold_template

NOTE: Final = "databases-on-a-server"
"""File in the run's directory: there is something to drop when the run ends."""


class PostgresDatabase:
    """A database of one worker's own, and the connection whose lock says that the worker lives."""

    def __init__(self, link: Link, name: str) -> None:
        self._link = link
        self._name = name
        self.url = link.server.url.point_at(name)

    @classmethod
    def open(cls, server: Server, run_path: Path, worker_id: str, migrate: Migrate | None) -> Self:
        """Drop what dead runs left, and make this worker's database.

        :param migrate: fills the run's template; None: the database is empty.
        :raises DatabaseError: the server can't be used so; nothing is left behind.
        """
        link = server.connect()
        try:
            (run_path / NOTE).touch()
            names = Names(census.read_maintenance_oid(link), run_path.name)
            census.sweep_dead(link, spare=names.template)
            if migrate is not None:
                hold_template(link, names, migrate)
            name = names.name_worker(worker_id)
            # Before the database is there: what has no lock is a leftover.
            link.take(compute_lock(name))
            _create(link, name, names.template if migrate else "")
        except BaseException:
            link.close()
            raise
        return cls(link, name)

    @property
    def path(self) -> Path:
        """There is none.

        :raises DatabaseError: always.
        """
        server = self._link.server
        raise DatabaseError(
            "worker_database_path",
            server.setting,
            server.url.mask(),
            "has no files that a test may open",
            "use worker_database, or give no URL: each worker then has an SQLite file",
        )

    def open_cleaner(self) -> PostgresCleaner:
        """Open a connection to the database itself, which takes back what tests do."""
        server = replace(self._link.server, fixture="clean_database")
        return PostgresCleaner(server.connect(self._name))

    def close(self) -> None:
        """Drop the database, whatever is still connected to it.

        :raises DatabaseError: somebody else held it; the next run drops it.
        """
        try:
            census.drop(self._link, self._name)
        finally:
            self._link.close()


def _create(link: Link, name: str, template: str) -> None:
    source = f' TEMPLATE "{template}"' if template else ""
    try:
        link.run(f'CREATE DATABASE "{name}"{source}')
        link.run(census.render_comment(name))
    except BaseException:
        # The error that counts is the first one.
        with contextlib.suppress(DatabaseError):
            link.run(census.render_drop(name))
        raise
