"""Directories and environment variables of a run, of a worker and of a test.

A run owns one directory below the machine-wide one, each worker one below that; whoever owns a
directory holds a lock beside it, so that the next run can tell the leftovers of the dead from the
directories of the living.  Which value a setting has is left to `settings`.
"""

import contextlib
import os
import re
import shutil
import stat
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from . import locks
from .errors import DirectoryUnusableError
from .records import Directories

if TYPE_CHECKING:
    from filelock import BaseFileLock

CENSUS_TIMEOUT_S: Final = 30.0
"""How long a run may be busy opening its directory or sweeping; it takes milliseconds."""

REMEDY: Final = "make it writable, or choose another place with --infra-dir"

TRIES: Final = 5
"""How often a directory is made anew whose parents other runs remove meanwhile."""


class RunDirectory:
    """The directory of one run: opened by the controller, shared by its workers."""

    def __init__(self, infra_dir: Path) -> None:
        self.infra_dir = infra_dir
        # Not the run's id: a user may give several runs the same one.
        self.path = infra_dir / "runs" / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._lock: BaseFileLock | None = None

    def open(self) -> None:
        """Remove what dead runs left, then make this run's directory and own it.

        :raises DirectoryUnusableError: no directory can be made there.
        """
        make_directory(self.infra_dir / "locks")
        refuse_foreign(self.infra_dir)
        # Between making a directory and locking it, it looks dead: no sweep may happen there.
        census = locks.take(self.infra_dir / "locks" / "census.lock", timeout_s=CENSUS_TIMEOUT_S)
        try:
            sweep_dead_runs(self.infra_dir / "runs")
            make_directory(self.path)
            self._lock = locks.take(get_run_lock(self.path), timeout_s=0)
        finally:
            locks.give_back(census)

    def close(self) -> None:
        """Remove the run's directory with all that its workers left, and empty parents."""
        if self._lock is not None:
            remove_tree(self.path)
            locks.give_back(self._lock)
        _remove_empty(self.infra_dir / "runs", self.infra_dir / "locks", self.infra_dir)


class WorkerEnvironment:
    """The directories of one worker, and the variables that tell tests about them."""

    def __init__(
        self, run_path: Path, worker_id: str, *, slot: int = 0, prefix: str, mode: str
    ) -> None:
        root = run_path / worker_id
        self.directories = Directories(root, root / "temp", root / "config", root / "cache")
        self.worker_id = worker_id
        self._slot = slot
        self._prefix = prefix
        self._mode = mode
        self._before: dict[str, str | None] = {}
        self._lock: BaseFileLock | None = None

    def open(self) -> None:
        """Make the directories, own them, and set the variables in this process.

        :raises DirectoryUnusableError: a directory can't be made.
        """
        for path in (self.directories.temp, self.directories.config, self.directories.cache):
            make_directory(path)
        # Beside the directory and not in it, so that it outlives the directory's removal.
        lock_path = self.directories.root.with_name(f"{self.worker_id}.lock")
        self._lock = locks.take(lock_path, timeout_s=0)
        for name, value in self.build_variables(self.directories).items():
            self._before[name] = os.environ.get(name)
            os.environ[name] = value

    def close(self) -> None:
        """Put the variables back as they were, and remove the directories."""
        _restore_variables(self._before)
        self._before = {}
        remove_tree(self.directories.root)
        if self._lock is not None:
            locks.give_back(self._lock)

    def build_variables(self, directories: Directories) -> dict[str, str]:
        """Build the variables for these directories."""
        return {
            f"{self._prefix}_TEST_WORKER_ID": self.worker_id,
            f"{self._prefix}_TEST_WORKER_SLOT": str(self._slot),
            f"{self._prefix}_TEST_TEMP_DIR": str(directories.temp),
            f"{self._prefix}_TEST_MODE": self._mode,
            f"{self._prefix}_CONFIG_DIR": str(directories.config),
            f"{self._prefix}_CACHE_DIR": str(directories.cache),
        }

    @contextlib.contextmanager
    def narrow(self, test_dir: Path) -> Iterator[dict[str, str]]:
        """Give one test variables and directories of its own; every variable comes back after."""
        own = Directories(test_dir, test_dir / "temp", test_dir / "config", test_dir / "cache")
        for path in (own.temp, own.config, own.cache):
            make_directory(path)
        before = dict(os.environ)
        variables = self.build_variables(own)
        os.environ.update(variables)
        try:
            yield variables
        finally:
            _restore_variables({name: before.get(name) for name in {*os.environ, *before}})

    @contextlib.contextmanager
    def make_test_directory(self, test_name: str) -> Iterator[Path]:
        """Make a new directory in the worker's own temp directory, removed after use."""
        readable = re.sub(r"\W+", "-", test_name)[:40]
        path = Path(tempfile.mkdtemp(prefix=f"{readable}-", dir=self.directories.temp))
        try:
            yield path
        finally:
            remove_tree(path)


def make_directory(path: Path) -> None:
    """Make a directory and its parents, readable by this user alone, where it is not there yet.

    :raises DirectoryUnusableError: it can't be made, or can't be written to.
    """
    for left in reversed(range(TRIES)):
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            break
        except OSError as error:
            # Another run that ended just now removed an empty parent: it is missing, or was there
            # when it was made and not when it was looked at.
            if left and isinstance(error, FileNotFoundError | FileExistsError):
                continue
            raise DirectoryUnusableError(path, error.strerror or str(error), REMEDY) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise DirectoryUnusableError(path, "it is read-only", REMEDY)


def refuse_foreign(path: Path) -> None:
    """Refuse a directory that somebody else made where everybody may make one, as in /tmp.

    :raises DirectoryUnusableError: another user owns it.
    """
    parent_mode = path.parent.stat().st_mode
    is_public = bool(parent_mode & stat.S_IWOTH and parent_mode & stat.S_ISVTX)
    if is_public and hasattr(os, "getuid") and path.stat().st_uid != os.getuid():
        reason = "it belongs to another user"
        raise DirectoryUnusableError(path, reason, "choose another place with --infra-dir")


def sweep_dead_runs(runs_dir: Path) -> list[Path]:
    """Remove the directories of runs in which no living process holds a lock; return them.

    One that can't be removed is left: it is in nobody's way.
    """
    if not runs_dir.is_dir():
        return []
    for lock in runs_dir.glob("*.lock"):
        if not lock.with_suffix("").is_dir():
            locks.is_free(lock)  # Taking and giving back a lock that nobody holds removes it.
    dead = [path for path in sorted(runs_dir.iterdir()) if path.is_dir() and is_dead(path)]
    return [path for path in dead if _try_to_remove(path)]


def _try_to_remove(path: Path) -> bool:
    try:
        remove_tree(path)
    except DirectoryUnusableError:
        return False
    return True


def is_dead(run_path: Path) -> bool:
    """Tell whether neither the controller nor any worker of a run lives.

    The controller's lock is asked first: while it is held, nobody may touch its workers' locks.
    """
    return all(locks.is_free(lock) for lock in (get_run_lock(run_path), *run_path.glob("*.lock")))


def get_run_lock(run_path: Path) -> Path:
    """Return the lock beside a run's directory, where it outlives the directory's removal."""
    return run_path.with_name(f"{run_path.name}.lock")


def remove_tree(path: Path) -> None:
    """Remove a directory with all that is in it, also what a test made read-only.

    :raises DirectoryUnusableError: something in it can't be removed.
    """
    if not path.exists():
        return
    for parent, names, _ in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                Path(parent, name).chmod(stat.S_IRWXU)
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        # A worker removed its own part at the same moment.
        shutil.rmtree(path, ignore_errors=True)
    except OSError as error:
        raise DirectoryUnusableError(path, error.strerror or str(error), "remove it") from error


def _remove_empty(*paths: Path) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.rmdir()


def _restore_variables(before: Mapping[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
