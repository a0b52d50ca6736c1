"""Collects a suite in this process, quietly, as the verbs of the command line need it."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pytest

from .errors import CollectionFailedError

QUIETLY: Final = ("--collect-only", "--verbosity=-1")
"""Without the tree of tests, but with the reason why there are none."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What a command line of pytest's would run."""

    config: pytest.Config
    items: Sequence[pytest.Item]


def collect(arguments: Sequence[str]) -> Collected:
    """Collect what `pytest ARGUMENTS` would run, with the plugins and conftests it would load.

    :raises CollectionFailedError: a file can't be imported, or no test is left; with pytest's text.
    """
    catcher = _Catcher()
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        pytest.main([*QUIETLY, *arguments], plugins=[catcher])
    if catcher.found is None or catcher.has_errors or not catcher.found.items:
        raise CollectionFailedError(output.getvalue())
    return catcher.found


class _Catcher:
    """The plugin that keeps what was collected."""

    def __init__(self) -> None:
        self.found: Collected | None = None
        self.has_errors = False

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note that a file could not be collected; pytest's own output tells why."""
        self.has_errors |= report.failed

    # tryfirst: against the infrastructure's own hook, which ends a run whose markers contradict.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keep the tests, in the order in which they would run."""
        self.found = Collected(session.config, list(session.items))
