"""The hooks of whoever owns a run, for what its workers share; `plugin` registers them.

A run in which nothing is shared costs three looks for a directory.
"""

import os
from collections.abc import Iterator

import pytest

from . import verdict
from .session import Session

ONCE = "once"
LEFTOVERS = "leftovers"
"""Directories that `sharing` makes; it is imported only where they are there."""


class SharingSide:
    """Tears down what is there once per run, and removes what others left."""

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self._config = config
        self._infra_dir = session.settings.infra_dir
        self._run_path = session.run_path
        self._pid = os.getpid()
        self._is_over = False
        self._lines: list[str] = []
        if (self._infra_dir / LEFTOVERS).is_dir():
            from .sharing.leftovers import sweep_dead  # noqa: PLC0415  seldom needed

            self._lines += sweep_dead(self._infra_dir).render()

    # wrapper, tryfirst: outermost, against xdist, which ends its workers in this hook, and pytest's
    # runner, which ends the last fixtures in it.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Tear down, after the last worker; a teardown that fails fails the run."""
        try:
            yield
        finally:
            if problems := self._close():
                verdict.fail_tests(session)
                verdict.print_breaches(self._config, problems)
            self._print_lines()

    def pytest_unconfigure(self) -> None:
        """Tear down where the run was broken off before its end."""
        self._close()

    def _close(self) -> list[str]:
        """Tear down and sweep, once; return what went wrong with tearing down."""
        # The fork of a hunt is no owner of the run.
        if self._is_over or os.getpid() != self._pid:
            return []
        self._is_over = True
        problems: list[str] = []
        if (self._run_path / ONCE).is_dir():
            from .sharing.keepers import stop_all  # noqa: PLC0415  paid by those who want it

            problems = [f"infra: {problem}" for problem in stop_all(self._run_path)]
        if (self._infra_dir / LEFTOVERS / self._run_path.name).is_dir():
            from .sharing.leftovers import sweep_own  # noqa: PLC0415  seldom needed

            self._lines += sweep_own(self._infra_dir, self._run_path).render()
        return problems

    def _print_lines(self) -> None:
        terminal = self._config.pluginmanager.getplugin("terminalreporter")
        if terminal is not None:
            for line in self._lines:
                terminal.write_line(line)
        self._lines.clear()
