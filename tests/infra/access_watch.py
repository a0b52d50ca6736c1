"""The hooks that tell a worker's notebook whose the accesses are; `worker_side` registers them.

What is heard and noted is left to `accesses`.
"""

import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pytest

from . import accesses
from .archive import find_directory
from .records import Access, AccessList
from .session import ACCESSES, Session

if TYPE_CHECKING:
    from execnet.gateway_base import Channel

RESOURCE = "contention"
"""What the marker `leaks` calls this."""


class AccessWatch:
    """The hooks of a worker whose accesses are watched."""

    def __init__(self, config: pytest.Config, session: Session, channel: "Channel") -> None:
        self._channel = channel
        ignored = build_ignored(config, session)
        self._notebook = accesses.Notebook(session.worker_id, ignored, self._send)

    # trylast: what is imported for a collection costs no event, and no test has begun.
    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        """Listen from now on."""
        accesses.install(self._notebook)

    # tryfirst: against pytest, which sets the test up in this hook.
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Note for this test."""
        self._notebook.begin_test(item.nodeid)

    # wrapper, tryfirst: outermost, after all that is torn down; but before xdist reports that the
    # test has ended, or one that waits for it could begin within its time.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Iterator[None]:
        """Tell what the test touched."""
        try:
            return (yield)
        finally:
            self._notebook.end_test(is_exempt=functools.partial(is_exempt, item))

    @pytest.hookimpl(wrapper=True)
    # object: what the fixture returns.
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
    ) -> Iterator[None]:
        """Note for a wide fixture while it is set up and torn down; it holds until its end."""
        if fixturedef.scope == "function":
            return (yield)
        test = request._pyfuncitem.nodeid  # noqa: SLF001  a wide fixture's node is no test
        fixture = f"fixture {fixturedef.argname} ({fixturedef.scope}) of {test}"
        # The first finaliser runs last, the last one first.
        fixturedef.addfinalizer(functools.partial(self._notebook.end_fixture, fixture))
        self._notebook.enter(fixture)
        try:
            return (yield)
        finally:
            self._notebook.leave()
            fixturedef.addfinalizer(functools.partial(self._notebook.enter, fixture))

    # trylast: pytest tears down in this hook what a broken-off run left.
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Tell what is left; what comes after is nobody's."""
        self._notebook.end_test()

    def _send(self, found: Sequence[Access]) -> None:
        self._channel.send((ACCESSES, AccessList(found).to_json()))


def is_exempt(item: pytest.Item) -> bool:
    """Tell whether a test says that it shares something with other workers, and why."""
    return any(RESOURCE in mark.args for mark in item.iter_markers("leaks"))


def build_ignored(config: pytest.Config, session: Session) -> accesses.Ignored:
    """Build what belongs to this worker alone, or to the run and its tools."""
    directories = [str(session.settings.infra_dir), str(session.run_path)]
    if basetemp := config.getoption("basetemp", None):
        directories.append(str(basetemp))
    if cache := find_directory(config):
        directories.append(str(cache.parents[1]))
    log_file = config.getoption("log_file", None) or config.getini("log_file")
    return accesses.build_ignored(directories, [str(log_file)] if log_file else [])
