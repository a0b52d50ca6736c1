"""Tries tests in forks, under conditions and beside others, until the last one fails.

The options, and what is done without forks, are in `restaging`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

import pytest

from .errors import ProcessLostError
from .forkserver import answer, settle
from .hunting.conditions import Conditions
from .hunting.trials import Answer, Cast, Ending, Request, Sighting

Phase = Literal["setup", "call", "teardown"]
OutcomeName = Literal["passed", "failed", "skipped"]

NOT_COLLECTED: Final = "errors during collection"
NOT_FOUND: Final = "--beside={} is no test that was collected; give its whole node id"


class Restaging:
    """Runs the tests in forks until the last one fails."""

    def __init__(self, config: pytest.Config, conditions: Conditions) -> None:
        self._config = config
        self._conditions = conditions

    # wrapper, tryfirst: outermost, after every plugin and conftest that sorts.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Iterator[None]:
        """Put the neighbours behind the tests that were asked for."""
        yield
        beside = self._config.getoption("beside")
        items.sort(key=lambda item: item.nodeid in beside)

    # tryfirst: instead of pytest's own loop, which runs the tests.
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try, and report the first try that failed, or the last one."""
        if session.testsfailed:
            raise session.Interrupted(NOT_COLLECTED)
        if session.config.option.collectonly or not session.items:
            return True
        tries = self._config.getoption("tries")
        number, found = self._try_all(session, tries)
        if is_lost(found):
            name, remedy = "a fork", "run the tests without --tries, --beside and --busy"
            raise ProcessLostError(name, "", remedy)
        for sighting in found.sightings:
            self._report(session.items[sighting.test], sighting, f"try {number} of {tries}")
        return True

    def _try_all(self, session: pytest.Session, tries: int) -> tuple[int, Answer]:
        """Try until a test fails; return the number of the last try, and what it did."""
        settle()
        with TemporaryDirectory(prefix="restaging-") as directory:
            for number in range(1, tries):
                found = self._try(session, Path(directory), number)
                if is_lost(found) or any(one.is_failure for one in found.sightings):
                    return number, found
            return tries, self._try(session, Path(directory), tries)

    def _try(self, session: pytest.Session, directory: Path, number: int) -> Answer:
        beside = self._config.getoption("beside")
        names = {item.nodeid: place for place, item in enumerate(session.items)}
        missing = [nodeid for nodeid in beside if nodeid not in names]
        if missing:
            raise pytest.UsageError(NOT_FOUND.format(missing[0]))
        own = [place for place, item in enumerate(session.items) if item.nodeid not in beside]
        others = [names[nodeid] for nodeid in beside]
        conditions = self._conditions
        if conditions.pauses:
            conditions = replace(conditions, pauses=conditions.pauses + number)
        first = Cast(tuple(own or others), conditions)
        casts = (first, *(Cast((other,), conditions, is_brief=True) for other in others))
        # Who comes first by a hair may be decided by the order of the forks.
        turned = casts if number % 2 else casts[::-1]
        request = Request(turned, in_step=len(casts) > 1, busy=self._config.getoption("busy"))
        answers = answer(session, request, directory / str(number))
        # Beside itself, the test may fail in either process.
        same = [one for cast, one in zip(turned, answers, strict=True) if cast.tests == first.tests]
        failed = (one for one in same if any(sighting.is_failure for sighting in one.sightings))
        return next(failed, same[0])

    def _report(self, item: pytest.Item, sighting: Sighting, words: str) -> None:
        self._config.hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in build_reports(item, sighting, words):
            self._config.hook.pytest_runtest_logreport(report=report)
        self._config.hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def is_lost(answer: Answer) -> bool:
    """Tell whether a fork ended before its first test began."""
    return not answer.sightings and answer.ending is not Ending.COMPLETE


def build_reports(item: pytest.Item, sighting: Sighting, words: str) -> Sequence[pytest.TestReport]:
    """Build the reports of a test that ran in a fork."""
    outcome, told = _describe(item, sighting, words)
    phases: tuple[Phase, ...] = ("setup", "call", "teardown")
    return [
        pytest.TestReport(
            nodeid=item.nodeid,
            location=item.location,
            keywords={},
            outcome=outcome if phase == "call" else "passed",
            longrepr=told if phase == "call" else None,
            when=phase,
            duration=sighting.stop_s - sighting.start_s if phase == "call" else 0.0,
            start=sighting.start_s,
            stop=sighting.stop_s,
        )
        for phase in phases
    ]


def _describe(
    item: pytest.Item, sighting: Sighting, words: str
) -> tuple[OutcomeName, str | tuple[str, int, str] | None]:
    """Return a report's outcome, and what it tells: a text, or where and why it was skipped."""
    if sighting.is_failure:
        return "failed", f"{words}: {sighting.fingerprint}\n{sighting.text}"
    if sighting.outcome in ("skipped", "xfailed"):
        return "skipped", (str(item.path), 0, f"Skipped: {sighting.outcome} in a fork")
    return "passed", None
