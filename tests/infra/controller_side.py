"""The hooks of the controller only; `plugin` registers them."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import pytest

from . import benchmarks, contention_report, leaks, report, status, verdict
from .archive import keep_file
from .chronicle import Chronicle, print_problem
from .conductor import Conductor
from .contention import Contention
from .flake_watch import FlakeWatch
from .session import REPEATS, Session, usage_errors
from .timeline import summarise

if TYPE_CHECKING:
    from xdist.scheduler.protocol import Scheduling
    from xdist.workermanage import WorkerController

    from .warmstart import ControllerSide as WarmStart

NO_MEMORY: Final = (
    "pytest's cache is off, so no past run tells which tests take long; "
    "name a file for that with --durations-file, or drop -p no:cacheprovider"
)


class ControllerSide:
    """The hooks of the controller only."""

    def __init__(
        self,
        config: pytest.Config,
        session: Session,
        *,
        reason: str,
        warm_start: "WarmStart | None" = None,
    ) -> None:
        self._session = session
        self._reason = reason
        self._warm_start = warm_start
        self._config = config
        self._chronicle = Chronicle(config, session.settings)
        self._conductor = Conductor(config, session, self._chronicle)
        self._flakes = FlakeWatch(config, session, lambda: self._chronicle.recorder.spans)
        self._conductor.add_receiver(REPEATS, self._flakes.receive)
        self._left_out = 0
        self._conductor.add_receiver(benchmarks.LEFT_OUT, self._note_left_out)
        self._closing: list[str] = []
        self._contention = Contention()
        status.answer(config, self._conductor.render_status)

    def pytest_report_header(self) -> list[str]:
        """Tell run and mode, and how many workers and why."""
        seed = self._session.settings.run_seed
        header = report.render_header(self._session.run_id, "in parallel", None, seed)
        return [*header, *report.render_workers(0, self._reason)]

    # Any: execnet's specifications, one for each worker.
    def pytest_xdist_setupnodes(self, specs: Sequence[Any]) -> None:
        """Number the workers."""
        self._conductor.assign_slots(specs)

    def pytest_configure_node(self, node: "WorkerController") -> None:
        """Open a channel of our own to a worker, and tell it what it can't know."""
        self._conductor.open_worker(node)
        is_warm = self._warm_start is not None and self._warm_start.is_warm
        if self._session.hash_seeds is not None and not is_warm:
            self._session.hash_seeds.advance()

    def pytest_xdist_node_collection_finished(
        self, node: "WorkerController", ids: Sequence[str]
    ) -> None:
        """Check what a worker told, and print blocks and lanes once all have."""
        with usage_errors():
            self._print_lines(self._conductor.check_worker(node, ids))
        self._flakes.begin(ids)

    def pytest_xdist_make_scheduler(self) -> "Scheduling | None":
        """Keep lanes and groups under every `--dist` that distributes."""
        return self._conductor.make_scheduler()

    # tryfirst: against pytest's junitxml, which ends a test case at its last report.
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test went, and which worker a failure, or a crash, happened on."""
        self._chronicle.recorder.add(report)
        self._flakes.note(report)
        if report.failed:
            self._conductor.note_failure(report)

    def pytest_testnodedown(self, node: "WorkerController", error: object | None) -> None:
        """Note what a worker tells at its end, or that it crashed."""
        self._conductor.close_worker(node, error)

    # wrapper, tryfirst: outermost, against pytest's terminal, which writes its summary and its
    # last line in this hook.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Teach the next runs, and fail a run whose own reports show a breach."""
        self._flakes.close(session)
        is_warm = self._warm_start is not None and self._warm_start.is_warm
        run, audit = self._conductor.close(is_warm=is_warm)
        self._closing = [*report.render_summary(summarise(run)), *report.render_unjudged(audit)]
        if self._session.settings.isolation != leaks.OFF:
            self._contention = self._conductor.find_contention(run)
            keep_file(self._config, leaks.FILE, self._conductor.book.to_text())
            if self._conductor.book.leaks and self._session.settings.isolation == leaks.ERROR:
                verdict.fail_tests(session)
        if self._contention.conflicts and self._session.settings.isolation == leaks.ERROR:
            verdict.fail_tests(session)
        if audit.violations:
            verdict.fail_run(session)
        yield
        arguments = [str(argument) for argument in self._config.invocation_params.args]
        verdict.print_breaches(self._config, report.render_audit(audit, arguments))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what bounds the run, and how to repeat what failed, with the same VMIDs."""
        if self._config.get_verbosity() >= 0:
            if self._warm_start and (line := self._warm_start.explain()):
                self._closing.append(f"infra: {line}")
            for line in self._closing:
                terminalreporter.write_line(line)
        for line in benchmarks.render_left_out(self._left_out):
            terminalreporter.write_line(line)
        print_problem(terminalreporter, self._chronicle)
        if not self._chronicle.has_memory and self._config.get_verbosity() >= 0:
            terminalreporter.write_line(f"infra: {NO_MEMORY}")
        leaks.print_book(terminalreporter, self._conductor.book)
        if lines := contention_report.render_conflicts(self._contention):
            terminalreporter.section(contention_report.render_title(self._contention))
            for line in lines:
                terminalreporter.write_line(line)
        self._flakes.print_summary(terminalreporter)
        commands = self._conductor.render_repeats()
        if commands:
            terminalreporter.section("again, one worker at a time, with the VMIDs it had")
            for command in commands:
                terminalreporter.write_line(command)

    def _note_left_out(self, text: str) -> None:
        """Note how many tests no worker runs; called in a receiver thread."""
        self._left_out = int(text)

    def _print_lines(self, lines: Sequence[str]) -> None:
        terminal = self._config.pluginmanager.getplugin("terminalreporter")
        if terminal is not None and self._config.get_verbosity() >= 0:
            terminal.ensure_newline()
            for line in lines:
                terminal.write_line(line)
