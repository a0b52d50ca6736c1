"""Every pytest hook of the infrastructure, in the order of a run, and its fixtures.

Each hook is a few lines that call something testable; what they share in one process is the
`Session` in pytest's stash.
"""

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from . import identity, locks, report, settings, standins
from .environment import WorkerEnvironment, make_directory
from .errors import InfraError, RoutingConflictError
from .plan import Plan
from .records import ExecutionContext, Holder
from .roster import Roster
from .session import RUN_PATH, Session, build_manifest, name_worker_in_logs, open_session
from .vmids import VmidAllocator, VmidFactory

if TYPE_CHECKING:
    from xdist.scheduler.protocol import Scheduling
    from xdist.workermanage import WorkerController

SESSION: Final = pytest.StashKey[Session]()

CHANNEL: Final = "infra_channel"
"""Key in xdist's `workerinput`: the execnet channel on which a worker sends its manifest."""


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
    elif identity.is_controller(config):
        config.pluginmanager.register(ControllerSide(config, session), "infra-controller")
    elif identity.is_worker(config):
        config.pluginmanager.register(WorkerSide(config, session), "infra-worker")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Tell run, mode, and the VMIDs of a run in one process."""
    session = config.stash[SESSION]
    if session.environment is None:
        return report.render_header(session.run_id, "in parallel", None)
    return report.render_header(session.run_id, "in one process", session.vmids.block)


# --- collection ----------------------------------------------------------------------------------


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse contradictory markers; a worker leaves that to the controller."""
    if identity.is_worker(session.config):
        return
    manifest = build_manifest(session.config.stash[SESSION], session.items)
    if manifest.conflicts:
        with usage_errors():
            raise RoutingConflictError(manifest.conflicts)


class WorkerSide:
    """The hooks of a worker only."""

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self._session = session
        # Any: workerinput is xdist's attribute of a config, and holds what the controller put in.
        self._channel: Any = getattr(config, "workerinput", {}).get(CHANNEL)
        if session.settings.has_own_scheduler:
            from .scheduler import keep_nodeids_clean  # noqa: PLC0415  needs xdist

            keep_nodeids_clean(config)

    # tryfirst: against xdist, which sends the node ids in this hook; the manifest must be first.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell the controller who this is and which lanes its tests are in."""
        if self._channel is not None:
            self._channel.send(build_manifest(self._session, session.items).to_json())


class ControllerSide:
    """The hooks of the controller only."""

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self._config = config
        self._session = session
        self._roster = Roster()
        self._is_announced = False
        self._failed: dict[str, list[str]] = {}

    def pytest_configure_node(self, node: "WorkerController") -> None:
        """Open a channel of our own to a worker, and tell it the run's directory."""
        channel = node.gateway.newchannel()
        channel.setcallback(self._roster.receive)
        node.workerinput[CHANNEL] = channel
        node.workerinput[RUN_PATH] = str(self._session.run_path)

    def pytest_xdist_node_collection_finished(self, node: "WorkerController") -> None:
        """Check what a worker told, and print all blocks once all have."""
        with usage_errors():
            self._roster.check(node.gateway.id)
        blocks = self._roster.get_blocks()
        if len(blocks) == node.workerinput["workercount"] and not self._is_announced:
            self._is_announced = True
            self._print_lines(report.render_blocks(blocks))

    def pytest_xdist_make_scheduler(self, config: pytest.Config) -> "Scheduling | None":
        """Keep lanes and groups under every `--dist` that distributes."""
        from .scheduler import UNSCHEDULED_DISTS, LaneScheduling  # noqa: PLC0415  needs xdist

        if config.getoption("dist") in UNSCHEDULED_DISTS:
            return None
        if not self._session.settings.has_own_scheduler:
            return None
        return LaneScheduling(config, get_plan=self._build_plan)

    def _build_plan(self, nodeids: Sequence[str]) -> Plan:
        return Plan(
            nodeids,
            [0.01] * len(nodeids),
            routings=self._roster.get_routings(),
            widths=self._roster.get_widths(),
            dist=self._config.getoption("dist"),
        )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note which worker a failure, or a crash, happened on."""
        if report.failed and (node := getattr(report, "node", None)):
            self._failed.setdefault(node.gateway.id, []).append(report.nodeid)

    def pytest_testnodedown(self, node: "WorkerController", error: object | None) -> None:
        """Forget a worker that crashed."""
        if error:
            self._roster.forget(node.gateway.id)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how to repeat what failed, with the same VMIDs."""
        commands = report.render_repeats(self._failed, self._roster.get_all_blocks())
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


# --- fixtures ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def infra_session(pytestconfig: pytest.Config) -> Session:
    """The settings, identity and directories of this process; the other fixtures build on it."""
    return pytestconfig.stash[SESSION]


@pytest.fixture(scope="session")
def worker_environment(infra_session: Session) -> WorkerEnvironment:
    """The directories and variables of this worker."""
    assert infra_session.environment is not None, "a controller runs no tests"
    return infra_session.environment


@pytest.fixture
def test_execution_context(
    infra_session: Session, worker_environment: WorkerEnvironment
) -> ExecutionContext:
    """Where this test runs: worker, process, thread, run, directories."""
    return ExecutionContext(
        worker_id=infra_session.worker_id,
        worker_count=infra_session.worker_count,
        is_parallel=infra_session.is_parallel,
        process_id=os.getpid(),
        thread_id=threading.get_ident(),
        run_id=infra_session.run_id,
        directories=worker_environment.directories,
    )


@pytest.fixture(scope="session")
def vmid_allocator(infra_session: Session) -> VmidAllocator:
    """The VMIDs of this process, for fixtures of a wider scope than one test."""
    return infra_session.vmids


@pytest.fixture
def vmid_factory(
    vmid_allocator: VmidAllocator, request: pytest.FixtureRequest
) -> Iterator[VmidFactory]:
    """Call it for a VMID (an int) that nobody else holds; all go back when the test ends."""
    factory = VmidFactory(vmid_allocator, holder=request.node.nodeid)
    yield factory
    factory.close()


@pytest.fixture
def process_unique_vmid(vmid_factory: VmidFactory) -> str:
    """A VMID, as a string, that no other process, thread or test holds during this test."""
    return str(vmid_factory())


@pytest.fixture
def isolated_temp_dir(
    worker_environment: WorkerEnvironment, request: pytest.FixtureRequest
) -> Iterator[Path]:
    """A new directory for this test alone, removed when it ends."""
    with worker_environment.make_test_directory(request.node.name) as path:
        yield path


@pytest.fixture
def parallel_safe_environment(
    worker_environment: WorkerEnvironment, isolated_temp_dir: Path
) -> Iterator[Mapping[str, str]]:
    """Variables and directories for this test alone; all of `os.environ` comes back after it."""
    with worker_environment.narrow(isolated_temp_dir) as variables:
        yield variables


@pytest.fixture
def serial_test_lock(infra_session: Session, request: pytest.FixtureRequest) -> Iterator[Holder]:
    """Held while this test runs: no other test of any run on this machine holds it then."""
    path = infra_session.serial_lock_path
    make_directory(path.parent)
    holder = infra_session.build_holder(request.node.nodeid)
    timeout_s = infra_session.settings.serial_lock_timeout_s
    with locks.hold(path, holder=holder, timeout_s=timeout_s):
        yield holder
