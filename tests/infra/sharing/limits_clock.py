"""The clock that all processes of a machine read alike, whatever a test does to its own time."""

import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
"""Linux, drivers/char/random.c: a new one at each start of the machine."""


@dataclass(frozen=True, slots=True)
class MachineClock:
    """Milliseconds, and a number that tells one start of the machine from the next."""

    epoch: int
    """31 bits; 0 where the milliseconds go on over a start."""
    now_ms: Callable[[], int]


def find_machine_clock(boot_id: Path = BOOT_ID) -> MachineClock:
    """Find the clock: since the machine's start where its start has a name, else since 1970.

    A clock that is set, or that a test stands in for, would let calls through or hold all of them
    up for years, in other runs, too.
    """
    try:
        started = boot_id.read_bytes()
        clock = time.CLOCK_BOOTTIME
    except (OSError, AttributeError):
        return MachineClock(0, lambda: time.time_ns() // 1_000_000)
    epoch = zlib.crc32(started) & 0x7FFF_FFFF
    return MachineClock(epoch, lambda: time.clock_gettime_ns(clock) // 1_000_000)
