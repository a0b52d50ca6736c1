"""What a run's workers left on a server: the template, and the databases of those that crashed."""

import contextlib
from dataclasses import replace
from typing import Final

import pytest

from ...errors import InfraError
from ...session import Session
from ..errors import DatabaseError
from . import census
from .choosing import build_server
from .names import Names, compute_lock
from .postgres import NOTE
from .server import Link, Server

HOLD_AT_ONCE_S: Final = 2.0
"""How long the controller may keep its workers waiting."""

GONE_AFTER_S: Final = 10.0
"""How long the server may take to notice that a worker has died."""


class Closing:
    """The hooks of the process that outlives all workers."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._server = build_server(session.settings)
        self._problem = ""
        self._link: Link | None = None
        # Without workers, the fixtures of this very process live as long as the run.
        self._is_waiting = session.environment is None

    def pytest_runtest_logreport(self) -> None:
        """Hold the template, too, once there is one: the worker that made it may end early."""
        if self._is_waiting and self._server is not None and self._is_used():
            self._is_waiting = False
            # Without it, the worst is a template that is made twice.
            with contextlib.suppress(InfraError):
                self._link = hold_for_run(self._server, self._session.run_path.name)

    # trylast: against xdist, which ends its workers in this hook, and pytest, which ends the
    # fixtures of a run without workers.
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Drop what the run has left."""
        if self._link is not None:
            self._link.close()
        if self._server is None or not self._is_used():
            return
        try:
            drop_run(self._server, self._session.run_path.name)
        except InfraError as error:
            self._problem = str(error)

    def _is_used(self) -> bool:
        """Tell whether a worker has made something on the server."""
        return (self._session.run_path / NOTE).exists()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what is still there, and why."""
        if self._problem:
            terminalreporter.write_line(f"infra: {self._problem}", yellow=True)


def hold_for_run(server: Server, run: str) -> Link:
    """Open a connection that keeps other runs from taking this one's template for a leftover.

    :raises DatabaseError: the server lets us not in at once.
    """
    link = replace(server, timeout_s=min(server.timeout_s, HOLD_AT_ONCE_S)).connect()
    names = Names(census.read_maintenance_oid(link), run)
    link.take(compute_lock(names.template), is_shared=True)
    return link


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
