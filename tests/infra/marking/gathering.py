"""Collects a suite in this process, with every marker that a run would see, files apart that fail.

What the items say of their sources is left to `subjects`.
"""

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pytest

from ..errors import CollectionFailedError

QUIETLY: Final = ("--collect-only", "--verbosity=-1")

ENDINGS: Final = (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a command line of pytest's would run, and what it could not collect."""

    config: pytest.Config
    items: Sequence[pytest.Item]
    broken: Mapping[str, str]
    """Node id of a file or directory to why it can't be collected, in one line."""


def gather(arguments: Sequence[str]) -> Gathered:
    """Collect what `pytest ARGUMENTS` would run; a file that fails doesn't hold up the others.

    :raises CollectionFailedError: pytest can't begin, or there is no test at all.
    """
    catcher = _Catcher()
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = pytest.main([*QUIETLY, *arguments], plugins=[catcher])
    found = catcher.found
    if found is None or code in ENDINGS or not (found.items or found.broken):
        raise CollectionFailedError(output.getvalue())
    return found


class _Catcher:
    """The plugin that keeps what was collected."""

    def __init__(self) -> None:
        self.found: Gathered | None = None
        self._broken: dict[str, str] = {}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what can't be collected, and why: the last line of the error says it."""
        if report.failed:
            lines = [line.strip() for line in report.longreprtext.splitlines() if line.strip()]
            self._broken[report.nodeid] = lines[-1].removeprefix("E   ") if lines else "no reason"

    # tryfirst: against the infrastructure's own hook, which ends a run whose markers contradict.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keep the tests, with the markers that conftests have added by now."""
        self.found = Gathered(session.config, list(session.items), dict(self._broken))
