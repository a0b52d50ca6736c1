"""What this machine, or the container that we are in, lets us use: processors and memory.

Linux tells, in /proc and in cgroup v2; elsewhere memory is not known, and so limits nothing.
"""

import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path("/")


@dataclass(frozen=True, slots=True)
class Machine:
    """What can be used at the moment."""

    cores: int
    available_bytes: int | None
    """None where nobody tells."""


def read_machine(root: Path = ROOT) -> Machine:
    """Read what this process may use.

    :param root: where /proc and /sys lie; the number of processors is asked of the system itself.
    """
    groups = list(_list_groups(root))
    cores = [float(_count_processors()), *_read_quotas(groups)]
    memory = [*_read_free_memory(root), *_read_group_memory(groups)]
    return Machine(max(1, math.ceil(min(cores))), min(memory, default=None))


def read_peak_rss() -> int:
    """Return the most memory that this process has held, in bytes; 0 where nobody tells.

    getrusage(2) counts in units of 1024 bytes on Linux and the BSDs, in bytes on macOS.
    """
    try:
        import resource  # noqa: PLC0415  not on Windows
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _count_processors() -> int:
    """Count the processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _list_groups(root: Path) -> Iterator[Path]:
    """Walk from our own group of cgroup v2 up to the topmost; a limit of any holds for us."""
    top = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").splitlines():
        if line.startswith("0::/"):
            own = top / line.removeprefix("0::/")
            yield from (path for path in (own, *own.parents) if path.is_relative_to(top))


def _read_quotas(groups: list[Path]) -> Iterator[float]:
    """Read `cpu.max`: microseconds of processor time in a period, or `max`."""
    for group in groups:
        quota, _, period = _read(group / "cpu.max").partition(" ")
        if quota.isdigit() and period.strip().isdigit() and int(period):
            yield int(quota) / int(period)


def _read_free_memory(root: Path) -> Iterator[int]:
    """Read what the kernel thinks can be used without swapping."""
    free = _read_table(root / "proc/meminfo").get("MemAvailable:")
    if free is not None:
        yield free * 1024


def _read_group_memory(groups: list[Path]) -> Iterator[int]:
    """Read what each group has left; cached files go when somebody needs their memory."""
    for group in groups:
        limit = _read(group / "memory.max").strip()
        used = _read(group / "memory.current").strip()
        if limit.isdigit() and used.isdigit():
            cached = _read_table(group / "memory.stat").get("inactive_file", 0)
            yield max(0, int(limit) - max(0, int(used) - cached))


def _read_table(path: Path) -> dict[str, int]:
    rows = (line.split() for line in _read(path).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
