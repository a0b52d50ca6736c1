"""The hooks that tell a worker's notebook whose the accesses are; `worker_side` registers them.

What is heard and noted is left to `accesses`.
"""

import functools
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pytest

from . import accesses
from .access_records import Access, AccessList
from .archive import find_directory
from .ignored import Ignored, build_ignored
from .session import ACCESSES, Session

if TYPE_CHECKING:
    from execnet.gateway_base import Channel

RESOURCE = "contention"
"""What the marker `leaks` calls this."""


class AccessWatch:
    """The hooks of a worker whose accesses are watched."""

    def __init__(self, config: pytest.Config, session: Session, channel: "Channel") -> None:
        self._channel = channel
        self._notebook = accesses.Notebook(
            session.worker_id, find_ignored(config, session), self._send, clock=accesses.Clock()
        )

    # trylast: what is imported for a collection costs no event, and no test has begun.
    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        """Listen from now on."""
        # On Python 3.11 coverage's tracer and an audit hook, whatever it does, together stop
        # threads for good: they wait at a lock that was given back.
        if sys.gettrace() is None:
            accesses.install(self._notebook)

    # tryfirst: against pytest, which sets the test up in this hook.  It is the only one that every
    # test pays for: when a test ends, the controller knows from its reports.
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Tell what the test before this one touched, and note for this one."""
        notebook = self._notebook
        if notebook.has_news:
            notebook.tell(is_exempt=is_exempt(notebook.test))
        notebook.test = item

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self,
        fixturedef: pytest.FixtureDef[object],
    ) -> Iterator[None]:
        """Note for a wide fixture while it is set up and torn down; it holds until its end."""
        if fixturedef.scope == "function":
            return (yield)
        fixture = (f"{fixturedef.argname} ({fixturedef.scope})", self._notebook.nodeid)
        # The first finaliser runs last, the last one first.
        fixturedef.addfinalizer(functools.partial(self._notebook.end_fixture, fixture))
        self._notebook.enter(fixture)
        try:
            return (yield)
        finally:
            self._notebook.leave()
            fixturedef.addfinalizer(functools.partial(self._notebook.enter, fixture))

    # trylast: pytest tears down in this hook what a run left that was broken off.
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Tell what the last test touched; what comes after it is nobody's."""
        self._notebook.tell(is_exempt=is_exempt(self._notebook.test))
        self._notebook.test = None

    def _send(self, found: Sequence[Access]) -> None:
        self._channel.send((ACCESSES, AccessList(found).to_json()))


def is_exempt(item: accesses.Test | None) -> bool:
    """Tell whether a test says that it shares something with other workers, and why."""
    return isinstance(item, pytest.Item) and any(
        RESOURCE in mark.args for mark in item.iter_markers("leaks")
    )


def find_ignored(config: pytest.Config, session: Session) -> Ignored:
    """Find what belongs to this worker alone, or to the run and its tools."""
    directories = [str(session.settings.infra_dir), str(session.run_path)]
    if basetemp := config.getoption("basetemp", None):
        directories.append(str(basetemp))
    if cache := find_directory(config):
        directories.append(str(cache.parents[1]))
    log_file = config.getoption("log_file", None) or config.getini("log_file")
    return build_ignored(directories, [str(log_file)] if log_file else [])
