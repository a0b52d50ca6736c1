"""Which databases on a server are ours and left over, and how one is dropped.

Whether its owner lives is asked of the server: the owner's connection holds a lock on its name,
which ends with the connection, on whatever machine that was.
"""

import os
import re
import socket
import time
from collections.abc import Callable
from typing import Final

from ..errors import DatabaseError
from .names import build_pattern, compute_lock
from .server import IN_USE, NO_RIGHT, Link

BETWEEN_TRIES_S: Final = 0.2


def read_maintenance_oid(link: Link) -> int:
    """Read the number of the database on which our locks are held."""
    return int(link.run("SELECT oid FROM pg_database WHERE datname = current_database()")[0][0])


def find_ours(link: Link, prefix: str = "") -> list[str]:
    """Find the databases that runs of this role have made, or those whose names begin so."""
    rows = link.run(
        "SELECT datname FROM pg_database WHERE datname ~ %s AND starts_with(datname::text, %s)"
        " AND datdba = (SELECT oid FROM pg_roles WHERE rolname = current_user) ORDER BY datname",
        build_pattern(read_maintenance_oid(link)),
        prefix,
    )
    return [str(name) for (name,) in rows]


def sweep_dead(link: Link, *, spare: str = "") -> list[str]:
    """Drop the databases whose owners have died; return them.

    One that can't be dropped now is left to a later run: it is in nobody's way.

    :param spare: a database to leave alone: the run's own template, which is wanted again.
    """
    return [name for name in find_ours(link) if name != spare and _drop_if_dead(link, name)]


def _drop_if_dead(link: Link, name: str) -> bool:
    lock = compute_lock(name)
    if not link.try_to_take(lock):
        return False
    try:
        link.run(render_drop(name))
    except DatabaseError as error:
        if error.sqlstate not in (IN_USE, NO_RIGHT):
            raise
        return False
    finally:
        link.give_back(lock)
    return True


def drop(
    link: Link,
    name: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Drop a database, and end what is still connected to it as this role.

    :raises DatabaseError: others held it until the deadline; they are named.
    """
    deadline = clock() + link.server.timeout_s
    while True:
        try:
            link.run(render_drop(name))
        except DatabaseError as error:
            if error.sqlstate not in (IN_USE, NO_RIGHT):
                raise
            if clock() >= deadline:
                raise _name_holders(link, name) from None
        else:
            return
        pause(BETWEEN_TRIES_S)


def render_drop(name: str) -> str:
    """Build the statement that drops a database, whoever of this role is connected to it."""
    return f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'


def render_comment(name: str) -> str:
    """Build the statement that tells a person, in a list of databases, what this one is."""
    owner = re.sub(r"[^\w.-]", "", socket.gethostname())
    text = f"of a test run on {owner}, process {os.getpid()}; dropped at its end"
    return f"COMMENT ON DATABASE \"{name}\" IS '{text}'"


def _name_holders(link: Link, name: str) -> DatabaseError:
    rows = link.run(
        "SELECT pid, usename, coalesce(application_name, '') FROM pg_stat_activity"
        " WHERE datname = %s ORDER BY pid",
        name,
    )
    holders = [f"process {pid} of {user} {program}".strip() for pid, user, program in rows]
    return link.server.complain(
        f"can't drop {name}, which is held open by {', '.join(holders) or 'somebody'}",
        "close that; the next run drops the database",
    )
