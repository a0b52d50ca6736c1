"""The database that is migrated once per run, and of which each worker's is a copy."""

from collections.abc import Callable
from typing import Final

from .census import drop, render_comment
from .names import Names, compute_lock
from .server import Link

Migrate = Callable[[str], object]

NOTE: Final = "worker_database has no template: the hook pytest_infra_migrate_database failed"


def hold_template(link: Link, names: Names, migrate: Migrate) -> None:
    """See to it that the run's template is there, and that no other run takes it for a leftover.

    The first to come makes it.  Should it die meanwhile, the server frees its lock, and the next
    one begins anew.

    :raises DatabaseError: the server refused, or another worker's migration took too long.
    """
    making = compute_lock(f"{names.template} making")
    link.take(making)
    # Before the database is there: what has no lock is a leftover.
    link.take(compute_lock(names.template), is_shared=True)
    if not _is_complete(link, names.template):
        _make(link, names.template, migrate)
    link.give_back(making)


def _make(link: Link, name: str, migrate: Migrate) -> None:
    drop(link, name)
    try:
        link.run(f'CREATE DATABASE "{name}"')
        migrate(link.server.url.point_at(name))
    except BaseException as error:
        error.add_note(NOTE)
        drop(link, name)
        raise
    _seal(link, name)


def _seal(link: Link, name: str) -> None:
    """Let nobody connect any more: a database is copied only while nobody is connected to it."""
    link.run(render_comment(name))
    link.run(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
    link.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name)


def _is_complete(link: Link, name: str) -> bool:
    """Tell whether the template was made to its end: closing it is the last thing that is done."""
    rows = link.run("SELECT datallowconn FROM pg_database WHERE datname = %s", name)
    return bool(rows) and not rows[0][0]
