"""What the hooks and fixtures of one process share, opened in order and closed by pytest.

It puts the parts below it together; when each is called is left to `plugin`.
"""

import contextlib
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

from . import early_start, identity, locks, seeds
from .environment import RunDirectory, WorkerEnvironment, make_directory
from .errors import InfraError
from .lanes import LaneTable
from .machine import read_peak_rss
from .records import Holder, Manifest, Routing, WorkerRecord
from .settings import Settings, read_settings
from .vmids import VmidAllocator

CHANNEL: Final = "infra_channel"
"""Key in xdist's `workerinput`: the execnet channel on which a worker sends pairs of a topic and
a record as JSON."""

MANIFEST: Final = "manifest"
"""Topic of a `Manifest`."""

ACCESSES: Final = "accesses"
"""Topic of an `AccessList`."""

LEAK: Final = "leak"
"""Topic of a `Leak`."""

BOOK: Final = "book"
"""Topic of a worker's `Book`, sent at its end without the leaks, which were sent before."""

FAREWELL: Final = "infra_worker"
"""Key in xdist's `workeroutput`: what a worker tells about itself when it ends."""

REPEATS: Final = "repeats"
"""Topic of `Repeats`, told by one worker for all, and only where something is repeated."""

SESSION: Final = pytest.StashKey["Session"]()

RUN_PATH: Final = "infra_run_path"
"""Key in xdist's `workerinput`: the directory of the run, made by the controller."""

SLOT: Final = "infra_slot"
"""Key in xdist's `workerinput`: the worker's number, which a replacement takes over."""

RUN_SEED: Final = "infra_run_seed"
"""Key in xdist's `workerinput`: what the seeds of all workers are derived from."""

STARTED: Final = "infra_started"
"""Key in xdist's `workerinput`: when the controller opened the worker, since the epoch."""

LOG_FORMATS: Final = ("log_format", "log_cli_format", "log_file_format")


@contextlib.contextmanager
def usage_errors() -> Iterator[None]:
    """Turn an error of ours into pytest's way to say that a run can't begin."""
    try:
        yield
    except InfraError as error:
        raise pytest.UsageError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Session:
    """What the hooks and fixtures of one process share."""

    settings: Settings
    run_id: str
    worker_id: str
    worker_count: int
    slot: int
    """0 to n - 1 in a run of n workers; 0 in a run without."""
    run_path: Path
    vmids: VmidAllocator
    environment: WorkerEnvironment | None
    """None in a controller, which runs no tests."""
    run_seed: int
    hash_seeds: seeds.HashSeeds | None
    """None but in a controller."""

    @property
    def is_parallel(self) -> bool:
        """Whether this process is one of several workers, or runs them."""
        return self.worker_id != identity.MASTER or self.environment is None

    @property
    def serial_lock_path(self) -> Path:
        """Where the lock lies that all runs on this machine share."""
        return _get_serial_lock_path(self.settings)

    def build_holder(self, purpose: str) -> Holder:
        """Build the note to leave beside a lock."""
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        return identity.build_holder(self.worker_id, purpose, now)


def open_session(config: pytest.Config) -> Session:
    """Read the settings, find out who this process is, and open its directories.

    :raises InfraError: something can't be used; nothing has run yet.
    """
    settings = read_settings(config.getini, config.getoption, os.environ, config.rootpath)
    if role := config.stash.get(identity.ROLE, None):
        settings = replace(settings, recorded_pids=role.pids)
    locks.check_usable(_get_serial_lock_path(settings))
    # Pytest closes in the opposite order: leased VMIDs first, the run's directory last.
    run_path = _open_run(config, settings)
    environment = _open_environment(config, settings, run_path)
    vmids = _open_vmids(config, settings)
    run_seed = _find_run_seed(config, settings)
    if environment is not None and not config.pluginmanager.hasplugin(seeds.RANDOMLY):
        config.add_cleanup(seeds.seed_process(seeds.derive_seed(run_seed, environment.worker_id)))
    return Session(
        settings=settings,
        run_id=find_run_id(config),
        worker_id=identity.get_worker_id(config),
        worker_count=identity.get_worker_count(config),
        slot=_get_slot(config),
        run_path=run_path,
        vmids=vmids,
        environment=environment,
        run_seed=run_seed,
        hash_seeds=_open_hash_seeds(config, run_seed),
    )


def find_run_id(config: pytest.Config) -> str:
    """Return the id that controller and workers share; a new one where xdist has none yet."""
    if hasattr(config, "workerinput"):
        return str(config.workerinput["testrunuid"])
    run_id: str = config.getoption("testrunuid", None) or uuid.uuid4().hex
    # xdist takes the option's value for all its workers, or makes an id of its own.
    config.option.testrunuid = run_id
    return run_id


def build_manifest(session: Session, items: Iterable[pytest.Item]) -> Manifest:
    """Build what a worker tells the controller about the tests that it has collected."""
    table = LaneTable(session.settings.lane_widths)
    routings: dict[int, Routing] = {}
    markers: dict[int, tuple[str, ...]] = {}
    for index, nodeid, marks in find_marked(items):
        if (routing := table.route(nodeid, marks)) is not None:
            routings[index] = routing
        if session.slot == 0:
            markers[index] = tuple(sorted({mark.name for mark in marks}))
    return Manifest(
        worker_id=session.worker_id,
        block=session.vmids.block,
        routings=routings,
        widths=table.widths,
        conflicts=tuple(table.conflicts),
        markers=markers,
        hash_seed=seeds.read_hash_seed(),
    )


def find_marked(items: Iterable[pytest.Item]) -> Iterator[tuple[int, str, list[pytest.Mark]]]:
    """Yield position, node id and markers of the tests that have any.

    What is above the tests is asked only once: going up to the root for each of 10,000 tests costs
    each worker a tenth of a second.
    """
    above: dict[pytest.Collector | None, bool] = {None: False}
    for index, item in enumerate(items):
        parent = item.parent
        if parent is not None and parent not in above:
            above[parent] = any(True for _ in parent.iter_markers())
        if item.own_markers or above[parent]:
            yield index, item.nodeid, list(item.iter_markers())


def build_worker_record(
    session: Session, *, startup_s: float, startup_cpu_s: float
) -> WorkerRecord:
    """Build what this process tells about itself when it ends."""
    return WorkerRecord(
        worker_id=session.worker_id,
        slot=session.slot,
        startup_s=startup_s,
        startup_cpu_s=startup_cpu_s,
        peak_rss_bytes=read_peak_rss(),
    )


def name_worker_in_logs(config: pytest.Config, session: Session) -> None:
    """Put the worker's name into log formats and into the name of its log file.

    :raises DirectoryUnusableError: the log file's directory can't be made.
    """
    for name in LOG_FORMATS:
        text = config.getoption(name, None) or config.getini(name)
        if text and "{worker_id}" in text:
            setattr(config.option, name, text.replace("{worker_id}", session.worker_id))
    if session.settings.worker_log_file and session.environment is not None:
        file_name = session.settings.worker_log_file.replace("{worker_id}", session.worker_id)
        path = config.rootpath / file_name
        make_directory(path.parent)
        config.option.log_file = str(path)


def _open_vmids(config: pytest.Config, settings: Settings) -> VmidAllocator:
    is_controller = identity.is_controller(config)
    worker_id = identity.get_worker_id(config)
    source = identity.BlockSource(
        first_vmid=settings.first_vmid,
        last_vmid=settings.last_vmid,
        pid_limit=identity.read_pid_limit(),
        lease_dir=settings.infra_dir / "locks",
        recorded_pid=settings.get_recorded_pid(
            worker_id, is_parallel=is_controller or identity.is_worker(config)
        ),
    )
    config.add_cleanup(source.close)
    return VmidAllocator(source)


def _open_run(config: pytest.Config, settings: Settings) -> Path:
    """Return the run's directory: made here, or by this worker's controller."""
    run_path = getattr(config, "workerinput", {}).get(RUN_PATH)
    if run_path:
        return Path(run_path)
    directory = RunDirectory(settings.infra_dir)
    config.add_cleanup(directory.close)
    directory.open()
    return directory.path


def _open_environment(
    config: pytest.Config, settings: Settings, run_path: Path
) -> WorkerEnvironment | None:
    if identity.is_controller(config):
        return None
    environment = WorkerEnvironment(
        run_path,
        identity.get_worker_id(config),
        slot=_get_slot(config),
        prefix=settings.env_prefix,
        mode="sequential" if identity.get_worker_id(config) == identity.MASTER else "parallel",
    )
    config.add_cleanup(environment.close)
    environment.open()
    return environment


def _find_run_seed(config: pytest.Config, settings: Settings) -> int:
    """Return the seed that was given, recorded, or told by the controller; else draw one."""
    told = getattr(config, "workerinput", {}).get(RUN_SEED)
    if told is not None:
        return int(told)
    if role := config.stash.get(identity.ROLE, None):
        return role.run_seed
    if settings.run_seed is not None:
        return settings.run_seed
    return config.stash.get(early_start.RUN_SEED, None) or seeds.draw_run_seed()


def _open_hash_seeds(config: pytest.Config, run_seed: int) -> seeds.HashSeeds | None:
    """Prepare the environment that the first worker is started in; the user's own comes back."""
    if not identity.is_controller(config):
        return None
    role = config.stash.get(identity.ROLE, None)
    hash_seeds = seeds.HashSeeds(os.environ, run_seed, role.hash_seeds if role else {})
    config.add_cleanup(hash_seeds.close)
    hash_seeds.open()
    return hash_seeds


def _get_slot(config: pytest.Config) -> int:
    role = config.stash.get(identity.ROLE, None)
    return int(getattr(config, "workerinput", {}).get(SLOT, role.slot if role else 0))


def _get_serial_lock_path(settings: Settings) -> Path:
    return settings.infra_dir / "locks" / "serial.lock"
