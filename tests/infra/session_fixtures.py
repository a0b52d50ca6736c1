"""The fixtures of the infrastructure; `plugin` loads them."""

import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from . import locks
from .environment import WorkerEnvironment, make_directory
from .records import ExecutionContext, Holder
from .session import SESSION, Session
from .vmids import VmidAllocator, VmidFactory


@pytest.fixture(scope="session")
def infra_session(pytestconfig: pytest.Config) -> Session:
    """The settings, identity and directories of this process; the other fixtures build on it."""
    return pytestconfig.stash[SESSION]


@pytest.fixture(scope="session")
def worker_environment(infra_session: Session) -> WorkerEnvironment:
    """The directories and variables of this worker."""
    assert infra_session.environment is not None, "a controller runs no tests"
    return infra_session.environment


@pytest.fixture(scope="session")
def worker_slot(infra_session: Session) -> int:
    """The number of this worker, 0 to n - 1: a base for ports and databases of its own.

    A worker that replaces a crashed one has its number, and a worker id of its own.
    """
    return infra_session.slot


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
