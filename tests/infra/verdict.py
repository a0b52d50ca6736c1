"""Makes a run fail whose audit found a breach, and shows the breach as the last of all lines.

A finding about the tests themselves fails it as a failed test does.  What counts as a breach is
decided in `audit`; the text is built in `report`.
"""

from collections.abc import Sequence
from typing import Final

import pytest

OVERRULED: Final = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)
"""Outcomes that a breach puts in doubt; a run that was broken off, or never began, says so."""


def fail_run(session: pytest.Session) -> None:
    """Give the run the exit status of an internal error: the tests are not to blame.

    It takes effect in any `pytest_sessionfinish`: pytest reads the attribute after that hook.
    """
    session.exitstatus = overrule(session.exitstatus)


def fail_tests(session: pytest.Session) -> None:
    """Give a run that went well the exit status of failed tests; they are to blame."""
    if session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def overrule(status: int) -> int:
    """Return the exit status of a run with a breach that would have ended with `status`."""
    return pytest.ExitCode.INTERNAL_ERROR if status in OVERRULED else status


def print_breaches(config: pytest.Config, lines: Sequence[str]) -> None:
    """Write the lines in red, also in a quiet run.

    Pytest's terminal writes its last line in its wrapper of `pytest_sessionfinish`; to come after
    it, call this after the `yield` of a wrapper that is `tryfirst`.
    """
    terminal = config.pluginmanager.getplugin("terminalreporter")
    if terminal is not None:
        terminal.ensure_newline()
        for line in lines:
            terminal.write_line(line, red=True, bold=True)
