"""The hooks of the guard, in each process that runs tests; `plugin` registers them.

What is compared is in `guard`; here is when, and what a finding does to the test.
"""

import functools
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from .errors import ExemptionError, GuardAsleepError
from .guard.canary import find_sleepers
from .guard.objects import Objects
from .guard.resource import Resource
from .guard.watch import Finding, Watch
from .leaks import Book, Leak, render_leak

MARKER: Final = "leaks"

TRACERS: Final = "sys.hooks"
"""The resource that holds the tracers, in which coverage and debuggers sit."""

NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Mode:
    """What the guard does with what it finds, and how closely it looks."""

    worker_id: str
    is_error: bool
    """Whether a leak fails its test."""
    is_restoring: bool
    is_bracketing: bool
    """Whether a plugin acts around each test, as pytest-timeout does."""
    is_deep: Callable[[str], bool]
    """Whether the second tier watches the test of a node id."""
    is_watching_imports: bool = True
    """Whether to look what the import of test modules changes; one worker does so for all."""


class GuardSide:
    """Compares the process at every boundary between tests, and tells what was left changed."""

    def __init__(
        self,
        resources: Sequence[Resource],
        mode: Mode,
        *,
        tell: Callable[[Leak], None],
        book: Book,
    ) -> None:
        """Prepare it.

        :param tell: takes each leak to the process that makes the report.
        :param book: where to note which tests were watched, and needless exemptions.
        """
        self._resources = resources
        self._watch = Watch(
            resources, is_restoring=mode.is_restoring, is_bracketing=mode.is_bracketing
        )
        self._mode = mode
        self._tell = tell
        self._book = book
        self._last = ""
        self._is_deep = False
        self._marked: dict[pytest.Collector, bool] = {}
        """Whether a class or module, or what it is in, has our marker."""
        self._objects = next((one for one in resources if isinstance(one, Objects)), None)

    # --- imports -----------------------------------------------------------------------------

    # wrapper, tryfirst: outermost, against capture, which has the streams in this hook.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Look what the import of a test module changes: no comparison of tests ever sees it."""
        if not self._mode.is_watching_imports or not isinstance(collector, pytest.Module):
            return (yield)
        before, path = self._watch.read(), sys.path.copy()
        report = yield
        exempt = {"sys.path"} if _is_own_insert(collector.path, path) else set()
        findings = list(self._watch.find_between(before, self._watch.read()))
        if findings:
            exempt |= get_exemptions(collector)
        for finding in findings:
            if finding.resource not in exempt:
                self._tell(self._build_leak(finding, collector.nodeid, kind="import"))
        return report

    # --- tests -------------------------------------------------------------------------------

    # wrapper, tryfirst: outermost, against whatever other plugins do before the first test.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Check that the guard sees what is planted.

        :raises GuardAsleepError: it doesn't.
        """
        if sleepers := list(find_sleepers(self._resources)):
            raise GuardAsleepError(sleepers)
        result = yield
        # pytest-cov takes its tracer away at the end of this hook; the last test has been judged.
        self._watch.accept(TRACERS)
        return result

    # wrapper, tryfirst: outermost, against fixtures and the plugins that act around them.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Read what plugins change around each test."""
        self._is_deep = self._mode.is_deep(item.nodeid)
        self._watch.begin(is_deep=self._is_deep)
        return (yield)

    # wrapper, tryfirst: outermost, against capture and logging, which act around each phase.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Compare, once all fixtures that end with this test have ended."""
        self._last = item.nodeid
        try:
            result = yield
        except BaseException as error:
            if leaks := self._end(item):
                error.add_note(render_leak(leaks))
            raise
        leaks = self._end(item)
        if leaks and self._mode.is_error:
            pytest.fail(render_leak(leaks), pytrace=False)
        return result

    def _end(self, item: pytest.Item) -> list[Leak]:
        exempt = get_exemptions(item) if self._is_marked(item) else NOTHING
        findings = self._compare(item.nodeid, exempt)
        if self._is_deep:
            self._book.watched.add(item.nodeid)
        if not findings and not exempt:
            return []
        if needless := exempt - {finding.resource for finding in findings} - {"contention"}:
            self._book.stale[item.nodeid] = ", ".join(sorted(needless))
        leaks = [
            self._build_leak(finding, item.nodeid)
            for finding in findings
            if finding.resource not in exempt
        ]
        for leak in leaks:
            self._tell(leak)
        return leaks

    def _is_marked(self, item: pytest.Item) -> bool:
        """Tell whether our marker is on a test or above it; what is above is asked only once."""
        if any(mark.name == MARKER for mark in item.own_markers):
            return True
        parent = item.parent
        if parent is None:
            return False
        if parent not in self._marked:
            self._marked[parent] = parent.get_closest_marker(MARKER) is not None
        return self._marked[parent]

    def _compare(self, nodeid: str, exempt: frozenset[str]) -> list[Finding]:
        try:
            return self._watch.end(exempt)
        except Exception as error:  # noqa: BLE001  objects of a test may raise anything
            self._note_defect(nodeid, error)
            return []

    def _note_defect(self, nodeid: str, error: Exception) -> None:
        """Note a defect of the guard's own: it is nobody's leak, and breaks no test."""
        self._book.defects[nodeid] = f"{type(error).__name__}: {error}"
        self._watch.forget()

    # --- wide fixtures -----------------------------------------------------------------------

    # wrapper, tryfirst: outermost, against pytest-asyncio, which wraps set-ups.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        # Any would do no more: a fixture's value is of any type.
        self,
        fixturedef: "pytest.FixtureDef[object]",
    ) -> Generator[None, object, object]:
        """Credit a fixture wider than a test with what its set-up changes."""
        if fixturedef.scope == "function":
            return (yield)
        self._enter(fixturedef)
        try:
            value = yield
            if self._objects is not None:
                self._objects.fixtures[fixturedef.argname] = value
            return value
        finally:
            try:
                self._watch.leave_set_up(id(fixturedef), fixturedef.argname)
            except Exception as error:  # noqa: BLE001  likewise
                self._note_defect(fixturedef.argname, error)
            # The last one added is the first to be called: before the fixture's own.
            fixturedef.addfinalizer(functools.partial(self._enter, fixturedef))

    def pytest_fixture_post_finalizer(self, fixturedef: "pytest.FixtureDef[object]") -> None:
        """Expect that what its set-up changed is undone."""
        if fixturedef.scope != "function":
            if self._objects is not None:
                self._objects.fixtures.pop(fixturedef.argname, None)
            try:
                self._watch.leave_finaliser(id(fixturedef))
            except Exception as error:  # noqa: BLE001  likewise
                self._note_defect(fixturedef.argname, error)

    def _enter(self, fixturedef: "pytest.FixtureDef[object]") -> None:
        try:
            self._watch.enter_fixture(id(fixturedef))
        except Exception as error:  # noqa: BLE001  likewise
            self._note_defect(fixturedef.argname, error)

    # --- the end -----------------------------------------------------------------------------

    # wrapper: against pytest's runner, which ends the last fixtures in this hook where a run stops.
    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self) -> Iterator[None]:
        """Compare once more, after fixtures that no test's teardown has ended."""
        yield
        if self._last:
            for finding in self._compare(self._last, NOTHING):
                self._tell(self._build_leak(finding, self._last))

    def _build_leak(self, finding: Finding, nodeid: str, *, kind: str = "test") -> Leak:
        return Leak(
            kind="fixture" if finding.fixture else kind,
            culprit=finding.fixture or nodeid,
            nodeid=nodeid,
            resource=finding.resource,
            path=finding.path,
            before=finding.before,
            after=finding.after,
            remedy=finding.remedy,
            is_restored=finding.is_restored,
            worker_id=self._mode.worker_id,
        )


def get_exemptions(node: pytest.Item | pytest.Collector) -> frozenset[str]:
    """Return the resources that markers exempt.

    :raises ExemptionError: one gives no reason, or names nothing.
    """
    names: set[str] = set()
    for mark in node.iter_markers(MARKER):
        if not mark.args or not mark.kwargs.get("reason"):
            raise ExemptionError(node.nodeid)
        names.update(map(str, mark.args))
    return frozenset(names)


def _is_own_insert(path: Path, before: list[str]) -> bool:
    """Tell whether sys.path differs only by the directory from which pytest imports a module."""
    return sys.path[1:] == before and path.is_relative_to(sys.path[0])
