"""What is otherwise than in the recorded run, one line each; none of it stops a replay."""

import os
from collections.abc import Iterator, Sequence

from ..circumstances import read_circumstances
from ..errors import InfraError
from ..identity import LEASED_BLOCKS, build_block, read_pid_limit
from ..schedules import WorkerSchedule
from ..settings import Settings
from .request import Replay

SHOWN_TESTS = 3


def find_usable_pids(workers: Sequence[WorkerSchedule]) -> dict[str, int]:
    """Return the recorded PIDs that this system has blocks of VMIDs for."""
    count = read_pid_limit() or LEASED_BLOCKS
    return {worker.worker_id: worker.pid for worker in workers if worker.pid < count}


def list_differences(replay: Replay, settings: Settings) -> list[str]:
    """Tell what is otherwise now, before any test is collected."""
    recorded = replay.schedule.circumstances
    lines = recorded.list_differences(read_circumstances())
    for worker in replay.workers:
        lines += _list_of_worker(worker, settings)
    return [f"infra: not as it was: {line}" for line in lines]


def render_missing(nodeids: Sequence[str]) -> list[str]:
    """Tell which recorded tests are not collected any more."""
    if not nodeids:
        return []
    more = len(nodeids) - SHOWN_TESTS
    shown = ", ".join(nodeids[:SHOWN_TESTS]) + (f" and {more} more" if more > 0 else "")
    return [f"infra: not as it was: not collected any more: {shown}"]


def is_alive(pid: int) -> bool:
    """Tell whether another process has this id now."""
    if pid == os.getpid() or not hasattr(os, "getuid"):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _list_of_worker(worker: WorkerSchedule, settings: Settings) -> Iterator[str]:
    name = worker.worker_id
    if not worker.hash_seed:
        yield f"the hash seed of {name} was drawn by the interpreter, and nobody knows it"
    count = read_pid_limit() or LEASED_BLOCKS
    bounds = settings.first_vmid, settings.last_vmid
    try:
        block = build_block(worker.pid, count=count, first_vmid=bounds[0], last_vmid=bounds[1])
    except InfraError as error:
        yield f"{name} gets other VMIDs: {error}"
        return
    if block.first != worker.first_vmid:
        yield f"the VMIDs of {name} began at {worker.first_vmid}, and begin at {block.first} here"
    if is_alive(worker.pid):
        yield f"process {worker.pid} lives, and owns the VMIDs that {name} had"
