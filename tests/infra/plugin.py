"""Every pytest hook of the infrastructure, in the order of a run.

Each hook is a few lines that call something testable; what they share in one process is the
`Session` in pytest's stash.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import pytest

from . import identity, report, settings, standins, status, verdict
from .chronicle import Chronicle, get_history
from .conductor import CHANNEL, FAREWELL, Conductor
from .errors import InfraError
from .session import (
    SESSION,
    STARTED,
    Session,
    build_manifest,
    build_worker_record,
    name_worker_in_logs,
    open_session,
)
from .simulation import simulate
from .soloist import Soloist
from .timeline import summarise
from .workers import Choice, choose_for

if TYPE_CHECKING:
    from xdist.scheduler.protocol import Scheduling
    from xdist.workermanage import WorkerController

pytest_plugins = [f"{__package__}.session_fixtures"]

NO_MEMORY: Final = (
    "pytest's cache is off, so no past run tells which tests take long; "
    "name a file for that with --durations-file, or drop -p no:cacheprovider"
)

CHOICE: Final = pytest.StashKey[Choice | None]()


@contextlib.contextmanager
def usage_errors() -> Iterator[None]:
    """Turn an error of ours into pytest's way to say that a run can't begin."""
    try:
        yield
    except InfraError as error:
        raise pytest.UsageError(str(error)) from error


# --- options and configuration -------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add our options, and say what is missing where xdist is."""
    settings.declare_options(parser)
    if standins.is_xdist_absent(pluginmanager):
        standins.declare_options(parser)


# optionalhook: xdist's, and not there without it.  tryfirst: against xdist itself, which is first
# where we are loaded by -p.
@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Choose the workers of `-n auto` by predicting the run; called before any configuration.

    A hook of the user's own has its say.
    """
    hooks = config.hook.pytest_xdist_auto_num_workers.get_hookimpls()
    if any(hook.plugin_name not in ("xdist", "xdist.plugin", __name__) for hook in hooks):
        return None
    with usage_errors():
        found = settings.read_settings(config.getini, config.getoption, os.environ, config.rootpath)
        choice = choose_for(config, found, lambda: get_history(config, found), simulate)
    config.stash[CHOICE] = choice
    return choice.count if choice else None


# tryfirst: against pytest's logging plugin, which takes log formats and files when it is
# configured itself.
@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Open this process's session and register the side that it is on."""
    for name, description in settings.MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {description}")
    has_xdist = standins.is_xdist_loaded(config.pluginmanager)
    with usage_errors():
        if not has_xdist:
            standins.refuse_workers(config.getoption("numprocesses", None) or "0")
        session = open_session(config)
        name_worker_in_logs(config, session)
    config.stash[SESSION] = session
    if not has_xdist:
        config.pluginmanager.register(standins, "infra-standins")
    if identity.is_worker(config):
        config.pluginmanager.register(WorkerSide(config, session), "infra-worker")
    elif identity.is_controller(config):
        config.pluginmanager.register(ControllerSide(config, session), "infra-controller")
    else:
        config.pluginmanager.register(SoloSide(config, session), "infra-solo")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Tell run, mode, how many workers and why, and the VMIDs of a run in one process."""
    session, choice = config.stash[SESSION], config.stash.get(CHOICE, None)
    reason = report.render_workers(0, choice.reason) if choice else []
    if session.environment is None:
        return [*report.render_header(session.run_id, "in parallel", None), *reason]
    return [*report.render_header(session.run_id, "in one process", session.vmids.block), *reason]


# --- a run in one process -------------------------------------------------------------------------


class SoloSide:
    """The hooks of a run without workers."""

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self._chronicle = Chronicle(config, session.settings)
        self._soloist = Soloist(session, self._chronicle)
        install_status(config, self._soloist.render_status)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Refuse contradictory markers, and note what will run."""
        with usage_errors():
            self._soloist.note_collected(session.items)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note which test runs."""
        self._soloist.note_start(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how it went."""
        self._chronicle.recorder.add(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Teach the next runs."""
        if not session.config.option.collectonly:
            self._soloist.close()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what is wrong with a file of the history."""
        print_problem(terminalreporter, self._chronicle)


# --- a worker -------------------------------------------------------------------------------------


class WorkerSide:
    """The hooks of a worker only."""

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self._config = config
        self._session = session
        # Any: workerinput is xdist's attribute of a config, and holds what the controller put in.
        self._input: dict[str, Any] = getattr(config, "workerinput", {})
        self._startup_s = self._startup_cpu_s = 0.0
        # A signal to the whole process group would kill it; the controller answers for all.
        install_status(config, lambda _now: "")
        if session.settings.has_own_scheduler:
            from .scheduler import keep_nodeids_clean  # noqa: PLC0415  needs xdist

            keep_nodeids_clean(config)

    # tryfirst: against xdist, which sends the node ids in this hook; the manifest must be first.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell the controller who this is and which lanes its tests are in."""
        self._startup_cpu_s = time.process_time()
        self._startup_s = time.time() - self._input.get(STARTED, time.time())
        if channel := self._input.get(CHANNEL):
            channel.send(build_manifest(self._session, session.items).to_json())

    def pytest_sessionfinish(self) -> None:
        """Tell the controller what this process took; xdist sends it when the hook is over."""
        record = build_worker_record(
            self._session, startup_s=self._startup_s, startup_cpu_s=self._startup_cpu_s
        )
        # Any: workeroutput is xdist's attribute of a worker's config.
        config: Any = self._config
        config.workeroutput[FAREWELL] = record.to_json()


# --- the controller -------------------------------------------------------------------------------


class ControllerSide:
    """The hooks of the controller only."""

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self._config = config
        self._chronicle = Chronicle(config, session.settings)
        self._conductor = Conductor(config, session, self._chronicle)
        self._closing: list[str] = []
        install_status(config, self._conductor.render_status)

    # Any: execnet's specifications, one for each worker.
    def pytest_xdist_setupnodes(self, specs: Sequence[Any]) -> None:
        """Number the workers."""
        self._conductor.assign_slots(specs)

    def pytest_configure_node(self, node: "WorkerController") -> None:
        """Open a channel of our own to a worker, and tell it what it can't know."""
        self._conductor.open_worker(node)

    def pytest_xdist_node_collection_finished(
        self, node: "WorkerController", ids: Sequence[str]
    ) -> None:
        """Check what a worker told, and print blocks and lanes once all have."""
        with usage_errors():
            self._print_lines(self._conductor.check_worker(node, ids))

    def pytest_xdist_make_scheduler(self) -> "Scheduling | None":
        """Keep lanes and groups under every `--dist` that distributes."""
        return self._conductor.make_scheduler()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test went, and which worker a failure, or a crash, happened on."""
        self._chronicle.recorder.add(report)
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
        run, audit = self._conductor.close()
        self._closing = [*report.render_summary(summarise(run)), *report.render_unjudged(audit)]
        if audit.violations:
            verdict.fail_run(session)
        yield
        arguments = [str(argument) for argument in self._config.invocation_params.args]
        verdict.print_breaches(self._config, report.render_audit(audit, arguments))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what bounds the run, and how to repeat what failed, with the same VMIDs."""
        if self._config.get_verbosity() >= 0:
            for line in self._closing:
                terminalreporter.write_line(line)
        print_problem(terminalreporter, self._chronicle)
        if not self._chronicle.has_memory and self._config.get_verbosity() >= 0:
            terminalreporter.write_line(f"infra: {NO_MEMORY}")
        commands = self._conductor.render_repeats()
        if commands:
            terminalreporter.section("again, one worker at a time, with the VMIDs it had")
            for command in commands:
                terminalreporter.write_line(command)

    def _print_lines(self, lines: Sequence[str]) -> None:
        terminal = self._config.pluginmanager.getplugin("terminalreporter")
        if terminal is not None and self._config.get_verbosity() >= 0:
            terminal.ensure_newline()
            for line in lines:
                terminal.write_line(line)


def print_problem(terminalreporter: pytest.TerminalReporter, chronicle: Chronicle) -> None:
    """Say what is wrong with a file of the history, once, where all summaries are."""
    if chronicle.problem:
        terminalreporter.write_line(f"infra: {chronicle.problem}", yellow=True)


def install_status(config: pytest.Config, get_text: Callable[[float], str]) -> None:
    """Answer SIGUSR1 until pytest ends."""
    handler = status.install(get_text)
    if handler is not None:
        config.add_cleanup(handler.close)
