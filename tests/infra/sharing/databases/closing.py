"""What a run's workers left on a server: the template, and the databases of those that crashed."""

import contextlib
from typing import Final

import pytest

from ...errors import DatabaseError, InfraError
from ...session import Session
from . import census
from .choosing import build_server
from .names import Names, compute_lock
from .postgres import NOTE
from .server import Link, Server

GONE_AFTER_S: Final = 10.0
"""How long the server may take to notice that a worker has died."""


class Closing:
    """The hooks of a run's end, in the process that outlives all workers."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._problem = ""

    # trylast: against xdist, which ends its workers in this hook, and pytest, which ends the
    # fixtures of a run without workers.
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Drop what the run has left."""
        server = build_server(self._session.settings)
        if server is None or not (self._session.run_path / NOTE).exists():
            return
        try:
            drop_run(server, self._session.run_path.name)
        except InfraError as error:
            self._problem = str(error)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what is still there, and why."""
        if self._problem:
            terminalreporter.write_line(f"infra: {self._problem}", yellow=True)


def drop_run(server: Server, run: str) -> None:
    """Drop all databases of a run, once its workers have ended.

    :raises DatabaseError: some could not be dropped; all others were.
    """
    with contextlib.closing(server.connect()) as link:
        link.run(f"SET lock_timeout = {int(GONE_AFTER_S * 1000)}")
        names = Names(census.read_maintenance_oid(link), run)
        problems = [_try_to_drop(link, name) for name in census.find_ours(link, names.prefix)]
    for problem in filter(None, problems):
        raise problem


def _try_to_drop(link: Link, name: str) -> DatabaseError | None:
    try:
        link.take(compute_lock(name))
        census.drop(link, name)
    except DatabaseError as error:
        return error
    return None
