"""The only door to filelock: locks between processes, with deadlines and named holders.

The operating system frees a lock when its holder dies, so a dead holder blocks nobody; the note
beside the lock file only says who it is, and is never trusted for more than an error text.
Which locks there are is decided by those who take them.
"""

import contextlib
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from .errors import (
    InfraError,
    LockTimeoutError,
    LockUnusableError,
    MissingPackageError,
    RecordError,
)
from .records import Holder

if TYPE_CHECKING:
    from filelock import BaseFileLock

POLL_INTERVAL_S: Final = 0.02


@contextlib.contextmanager
def hold(path: Path, *, holder: Holder, timeout_s: float) -> Iterator[Holder]:
    """Hold the lock at `path`, against all processes and threads of this machine.

    :param holder: written beside the lock for those who wait.
    :param timeout_s: seconds to wait; 0 tries once.
    :raises LockTimeoutError: the deadline passed; it names the holder.
    :raises LockUnusableError: the file can't be a lock at all.
    """
    lock = take(path, timeout_s=timeout_s)
    note = _get_note_path(path)
    try:
        note.write_text(holder.to_json(), encoding="utf-8")
        yield holder
    finally:
        note.unlink(missing_ok=True)
        give_back(lock)


def take(path: Path, *, timeout_s: float) -> "BaseFileLock":
    """Return the lock at `path`, acquired; whoever gets it gives it back, or ends.

    :raises LockTimeoutError: somebody held it for `timeout_s` seconds.
    :raises LockUnusableError: the file can't be a lock at all.
    """
    lock = _build_lock(path)
    timeout_type = _import_filelock().Timeout
    started = time.monotonic()
    try:
        lock.acquire(timeout=timeout_s, poll_interval=POLL_INTERVAL_S)
    except timeout_type as error:
        waited_s = round(time.monotonic() - started, 1)
        raise LockTimeoutError(path, waited_s, read_holder(path)) from error
    except OSError as error:
        raise LockUnusableError(path, error.strerror or str(error)) from error
    return lock


def give_back(lock: "BaseFileLock") -> None:
    """Release a lock and leave no file behind.

    The file goes while the lock is still held: filelock drops a lock that it won on a file without
    a name, and tries again, so nobody holds one on the old file beside somebody on a new one.
    """
    with contextlib.suppress(OSError):
        Path(lock.lock_file).unlink()
    lock.release()


def is_free(path: Path) -> bool:
    """Tell whether nobody holds the lock at `path`; one that can't be opened counts as held."""
    try:
        give_back(take(path, timeout_s=0))
    except InfraError:
        return False
    return True


def check_usable(path: Path) -> None:
    """Refuse a path that can never be a lock file, before anybody waits for it.

    :raises LockUnusableError: there is something at `path` that is no plain file.
    """
    # One look: a lock file that is given back between two looks is no other kind of thing.
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode):
        reason = "it is a directory" if stat.S_ISDIR(mode) else "it is no plain file"
        raise LockUnusableError(path, reason)


def read_holder(path: Path) -> Holder | None:
    """Read the note of whoever holds the lock at `path`, or None where there is none."""
    try:
        return Holder.from_json(_get_note_path(path).read_text(encoding="utf-8"))
    except (OSError, RecordError, TypeError):
        return None


def _get_note_path(path: Path) -> Path:
    return path.with_name(path.name + ".holder")


def _build_lock(path: Path) -> "BaseFileLock":
    check_usable(path)
    # Never reentrant: two holders in one process are two holders.
    lock: BaseFileLock = _import_filelock().FileLock(path, thread_local=False)
    return lock


# Imported on first use: a missing filelock is then one clear sentence instead of a traceback from
# the import of a plugin, and commands that take no lock start 13 ms sooner.
def _import_filelock() -> ModuleType:
    try:
        import filelock  # noqa: PLC0415  may be missing
    except ImportError as error:
        raise MissingPackageError(
            "filelock",
            "the locks between workers and between runs need it",
            "install it (pip install filelock, or uv sync)",
        ) from error
    return filelock
