"""The hooks of a run in one process, without workers; `plugin` registers them."""

import pytest

from . import benchmarks, leaks, repetition, report, status, verdict
from .archive import keep_file
from .chronicle import Chronicle, print_problem
from .flake_watch import FlakeWatch
from .session import Session, usage_errors
from .soloist import Soloist


class SoloSide:
    """The hooks of a run without workers."""

    def __init__(self, config: pytest.Config, session: Session, *, reason: str) -> None:
        self._session = session
        self._reason = reason
        self._chronicle = Chronicle(config, session.settings)
        self._soloist = Soloist(session, self._chronicle)
        self._flakes = FlakeWatch(config, session, lambda: self._chronicle.recorder.spans)
        self._repeater = repetition.register(config)
        self._benchmarks = benchmarks.register(config, session.settings)
        status.answer(config, self._soloist.render_status)
        self._book = leaks.Book()
        if session.settings.isolation != leaks.OFF:
            from . import isolation  # noqa: PLC0415  paid by those who want it

            isolation.register(config, session, self._book.add, self._book)

    def pytest_report_header(self) -> list[str]:
        """Tell run, mode and VMIDs, and why there are no workers."""
        block, seed = self._session.vmids.block, self._session.settings.run_seed
        header = report.render_header(self._session.run_id, "in one process", block, seed)
        return [*header, *report.render_workers(0, self._reason)]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Refuse contradictory markers, and note what will run."""
        with usage_errors():
            self._soloist.note_collected(session.items)
        repeats = self._repeater.find_repeats(session.items)
        self._flakes.begin([item.nodeid for item in session.items], repeats)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note which test runs."""
        self._soloist.note_start(nodeid)

    # tryfirst: against pytest's junitxml, which ends a test case at its last report.
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how it went."""
        self._chronicle.recorder.add(report)
        self._flakes.note(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Teach the next runs."""
        if session.config.option.collectonly:
            return
        self._flakes.close(session)
        self._soloist.close()
        if self._session.settings.isolation != leaks.OFF:
            keep_file(session.config, leaks.FILE, self._book.to_text())
            if self._book.leaks and self._session.settings.isolation == leaks.ERROR:
                verdict.fail_tests(session)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what is wrong with a file of the history."""
        print_problem(terminalreporter, self._chronicle)
        if self._benchmarks:
            for line in benchmarks.render_left_out(self._benchmarks.left_out):
                terminalreporter.write_line(line)
        self._flakes.print_summary(terminalreporter)
        leaks.print_book(terminalreporter, self._book)
