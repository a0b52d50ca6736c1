"""The ledger of a process: what it makes outside of this machine, written down before it is made.

It lies in the machine-wide directory, so that it outlives its process and the run's directory; the
lock beside it tells whether the process lives.  What the lines mean is left to whoever writes them.
"""

import contextlib
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .. import locks
from ..environment import make_directory
from ..records import Holder

if TYPE_CHECKING:
    from filelock import BaseFileLock

HOST_LENGTH: Final = 16
TOKEN_LENGTH: Final = 8
BEGUN: Final = "begun"
"""The file in a run's directory whose time is the run's begin."""


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """The name of a process that no other has, on any machine: letters, digits and dashes."""

    host: str
    started: str
    token: str
    worker: str

    @property
    def run(self) -> str:
        """The name of the run: its host, its begin (UTC), and what tells it from others."""
        return f"{self.host}-{self.started}-{self.token}"

    @property
    def owner(self) -> str:
        """The name of the process."""
        return f"{self.run}-{self.worker}"


def build_mark(run_path: Path, worker_id: str, hostname: str | None = None) -> ProcessMark:
    """Build the mark that all processes of a run agree on, but for the worker.

    The run's id is not taken: a user may give several runs the same one.
    """
    host = re.sub(r"[^a-z0-9]+", "-", (hostname or socket.gethostname()).lower()).strip("-")
    begun = run_path / BEGUN
    # Whoever comes first sets the time, and nobody changes it.
    with contextlib.suppress(FileExistsError):
        begun.touch(exist_ok=False)
    started = datetime.fromtimestamp(begun.stat().st_mtime, UTC).strftime("%Y%m%dt%H%M%S")
    return ProcessMark(
        host[:HOST_LENGTH].strip("-") or "host",
        started,
        re.sub(r"[^a-z0-9]", "", run_path.name.lower())[-TOKEN_LENGTH:],
        re.sub(r"[^a-z0-9]+", "-", worker_id.lower()).strip("-"),
    )


class ProcessLedger:
    """The ledger of this process, and what can be known of those of others on this machine."""

    def __init__(self, directory: Path, mark: ProcessMark, holder: Holder) -> None:
        self._directory = directory
        self._holder = holder
        self._lock: BaseFileLock | None = None
        self.mark = mark

    def open(self) -> None:
        """Lock the ledger, then make it: one without a lock would look like that of the dead.

        :raises InfraError: the directory can't be used.
        """
        make_directory(self._directory)
        self._lock = locks.take(self._get_lock(self.mark.owner), timeout_s=0)
        self._get_file(self.mark.owner).touch()

    def note(self, line: str) -> None:
        """Write a line down; it is on the disk when this returns."""
        with self._get_file(self.mark.owner).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())

    def judge(self, owner: str) -> bool | None:
        """Tell whether the process of that name lives; None: it has no ledger on this machine."""
        if owner == self.mark.owner:
            return True
        if not self._get_file(owner).is_file():
            return None
        return not locks.is_free(self._get_lock(owner))

    def find_dead(self) -> dict[str, list[str]]:
        """Return the lines of each ledger whose process has ended, by the process's name."""
        owners = sorted(path.stem for path in self._directory.glob("*.ledger"))
        return {owner: self._read(owner) for owner in owners if self.judge(owner) is False}

    def forget(self, owner: str) -> None:
        """Remove the ledger of a process all of whose things are gone."""
        self._get_file(owner).unlink(missing_ok=True)

    @contextlib.contextmanager
    def hold_sweep(self, timeout_s: float) -> Iterator[None]:
        """Let one process of this machine at a time remove what the dead left.

        :raises LockTimeoutError: another one has been at it for so long.
        """
        with locks.hold(self._directory / "sweep.lock", holder=self._holder, timeout_s=timeout_s):
            yield

    def close(self, *, is_settled: bool) -> None:
        """End; a ledger that isn't settled stays, and the next run goes on from it."""
        if self._lock is None:
            return
        if is_settled:
            self.forget(self.mark.owner)
        locks.give_back(self._lock)
        self._lock = None
        with contextlib.suppress(OSError):
            self._directory.rmdir()

    def _read(self, owner: str) -> list[str]:
        try:
            return self._get_file(owner).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _get_file(self, owner: str) -> Path:
        return self._directory / f"{owner}.ledger"

    def _get_lock(self, owner: str) -> Path:
        return self._directory / f"{owner}.lock"
