"""Who am I: the worker, the host, and the block of VMIDs that belongs to a PID.

Two processes that live at the same time have different PIDs, so one block per *possible* PID can't
collide, whatever the machine runs; a remainder such as `100 + pid % 1000` does collide.
Handing out single ids from a block is left to `vmids`.
"""

import os
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from . import locks
from .errors import LockTimeoutError, NoFreeBlockError, PidOutsideRangeError, SettingError
from .records import Block, Holder

if TYPE_CHECKING:
    from filelock import BaseFileLock

MASTER: Final = "master"
"""xdist's name for the one process of a run without workers."""

LINUX_PID_MAX: Final = Path("/proc/sys/kernel/pid_max")
"""One more than the largest PID: Linux, Documentation/admin-guide/sysctl/kernel.rst."""

BSD_PID_LIMIT: Final = 100_000
"""One more than PID_MAX of Darwin (bsd/sys/proc_internal.h) and FreeBSD (sys/proc.h): 99,999."""

LEASED_BLOCKS: Final = 65_536
"""How many blocks are leased where PIDs have no limit (Windows)."""


@dataclass(frozen=True, slots=True)
class Role:
    """Whom the processes of this run stand for, when a recorded run is repeated."""

    run_id: str
    run_seed: int
    pids: Mapping[str, int] = field(default_factory=dict)
    """Worker id to the PID whose VMIDs it had."""
    hash_seeds: Mapping[str, str] = field(default_factory=dict)
    worker_id: str = MASTER
    """Of the worker whose list this one process runs, without xdist."""
    worker_count: int = 1
    slot: int = 0


ROLE: Final = pytest.StashKey[Role]()
"""Set before a session is opened, and only where a recorded run is repeated."""


def is_worker(config: pytest.Config) -> bool:
    """Tell whether this process is one of xdist's workers."""
    return hasattr(config, "workerinput")


def is_controller(config: pytest.Config) -> bool:
    """Tell whether this process schedules tests for workers, and so runs none itself."""
    if is_worker(config) or config.getoption("collectonly"):
        return False
    return config.getoption("dist", "no") != "no" and bool(config.getoption("tx", None))


def get_worker_id(config: pytest.Config) -> str:
    """Return xdist's name of this worker, or `master`."""
    if hasattr(config, "workerinput"):
        return str(config.workerinput["workerid"])
    role = config.stash.get(ROLE, None)
    return role.worker_id if role else MASTER


def get_worker_count(config: pytest.Config) -> int:
    """Return how many workers the run has; a run without workers has one."""
    if hasattr(config, "workerinput"):
        return int(config.workerinput["workercount"])
    role = config.stash.get(ROLE, None)
    return role.worker_count if role else 1


def build_holder(worker_id: str, purpose: str, now: str) -> Holder:
    """Build the note that this process leaves beside a lock it holds."""
    return Holder(worker_id, os.getpid(), socket.gethostname(), purpose, now)


def read_pid_limit(platform: str = sys.platform) -> int | None:
    """Return one more than the largest possible PID, or None where the system sets no limit."""
    if platform == "linux":
        return int(LINUX_PID_MAX.read_text(encoding="ascii"))
    if platform == "darwin" or platform.startswith("freebsd"):
        return BSD_PID_LIMIT
    return None


def build_block(
    pid: int, *, count: int, first_vmid: int, last_vmid: int, source: str = "pid"
) -> Block:
    """Build block number `pid` of `count` equal ones between the two VMIDs, both included.

    :raises PidOutsideRangeError: `pid` is not below `count`.
    :raises SettingError: the range holds fewer VMIDs than there are blocks.
    """
    size = (last_vmid - first_vmid + 1) // count
    if size < 1:
        raise SettingError(
            "vmid_range",
            f"{first_vmid}-{last_vmid}",
            f"is too small for one VMID for each of {count} possible PIDs",
            f"give at least {count} VMIDs",
        )
    if not 0 <= pid < count:
        raise PidOutsideRangeError(pid, count)
    first = first_vmid + pid * size
    return Block(first, first + size - 1, pid, source)


class BlockSource:
    """Knows the block of the process that asks.

    The PID is read at each use, because a process may fork, and tests may patch `os.getpid`.
    """

    def __init__(
        self,
        *,
        first_vmid: int,
        last_vmid: int,
        pid_limit: int | None,
        lease_dir: Path,
        recorded_pid: int | None = None,
    ) -> None:
        self._range = (first_vmid, last_vmid)
        self._pid_limit = pid_limit
        self._lease_dir = lease_dir
        self._recorded_pid = recorded_pid
        self._home_pid = os.getpid()
        self._leases: dict[int, tuple[Block, BaseFileLock]] = {}
        self._lock = threading.Lock()
        # Both mistakes of the settings show here, before any test runs.
        self._build(recorded_pid or 0, pid_limit or LEASED_BLOCKS, "recorded")

    def get_block(self) -> Block:
        """Return the block of this very process."""
        pid = os.getpid()
        if self._pid_limit is None:
            return self._lease(pid)
        if self._recorded_pid is not None and pid == self._home_pid:
            return self._build(self._recorded_pid, self._pid_limit, "recorded")
        return self._build(pid, self._pid_limit, "pid")

    def close(self) -> None:
        """Give leased blocks back; derived ones need no giving back."""
        with self._lock:
            while self._leases:
                locks.give_back(self._leases.popitem()[1][1])

    def _build(self, pid: int, count: int, source: str) -> Block:
        first, last = self._range
        return build_block(pid, count=count, first_vmid=first, last_vmid=last, source=source)

    def _lease(self, pid: int) -> Block:
        """Return the block that this process has leased, for as long as it lives.

        A recorded number is asked for by name, so that a failure can be repeated here, too.
        """
        with self._lock:
            if pid not in self._leases:
                self._leases[pid] = self._take_lease()
            return self._leases[pid][0]

    def _take_lease(self) -> "tuple[Block, BaseFileLock]":
        recorded = self._recorded_pid
        for number in range(LEASED_BLOCKS) if recorded is None else (recorded,):
            block = self._build(number, LEASED_BLOCKS, "leased")
            try:
                lock = locks.take(self._lease_dir / f"block-{number}.lock", timeout_s=0)
            except LockTimeoutError:
                continue
            return block, lock
        raise NoFreeBlockError(LEASED_BLOCKS if recorded is None else 1, self._lease_dir)
