"""Ports that nobody else of this machine's runs has, and that no test gets twice in a run.

Ports are reserved in strips, by files in the run's own directory: the next run that opens removes
them with all else that a dead run left, and a strip stays taken until its run has ended, whichever
worker took it.  A port that a program outside of any run has is found by binding it.
"""

import contextlib
import errno
import socket
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from .. import locks
from ..environment import make_directory
from .errors import PortsExhaustedError

STRIP: Final = 16
"""Ports that are reserved at once."""

SLOT_STRIDE: Final = 8
"""Strips between where one slot and the next begin to look."""

LOCK_TIMEOUT_S: Final = 30.0
"""How long others may be busy reserving; it takes a millisecond."""

LOWEST: Final = 10_240
"""Below are most of the ports that servers have by default."""

HIGHEST: Final = 32_767
"""Where Linux begins, by default, to give out ports that nobody asked for by number."""

FEWEST: Final = 1_000
"""Ports that the default range has to have."""

EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")

TCP_AND_UDP: Final = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


class PortAllocator:
    """Hands out the ports of one worker; threads may share it."""

    def __init__(  # noqa: PLR0913  each is a fact of its own
        self,
        run_path: Path,
        lock_path: Path,
        *,
        slot: int,
        first: int,
        last: int,
        is_free: Callable[[int], bool] | None = None,
    ) -> None:
        """Prepare it; nothing is reserved yet.

        :param first: the first port that may be handed out, of the whole range of all runs.
        :param is_free: tells whether nobody has a port; the default binds it.
        """
        self._run_path = run_path
        self._lock_path = lock_path
        self._first = first
        self._last = last
        self._is_free = is_free or is_port_free
        self._strips = (last - first + 1) // STRIP
        start = zlib.crc32(run_path.name.encode()) + slot * SLOT_STRIDE
        self._start = start % max(1, self._strips)
        self._waiting: list[int] = []
        self._lock = threading.Lock()

    def get_port(self) -> int:
        """Return a port that can be bound now, and that nobody gets again in this run.

        :raises PortsExhaustedError: there is none.
        """
        with self._lock:
            while True:
                while self._waiting:
                    port = self._waiting.pop(0)
                    if self._is_free(port):
                        return port
                self._waiting.extend(self._reserve(1, wanted=1))

    def get_range(self, count: int) -> range:
        """Return as many ports in a row.

        :raises PortsExhaustedError: there are not so many.
        """
        if count < 1:
            problem = f"{count} ports can't be handed out; ask for 1 or more"
            raise ValueError(problem)
        with self._lock:
            while True:
                chosen = self._take_waiting(count)
                if chosen is None:
                    ports = self._reserve(-(-count // STRIP), wanted=count)
                    chosen = ports[:count]
                    self._waiting.extend(ports[count:])
                if all(map(self._is_free, chosen)):
                    return chosen

    def _take_waiting(self, count: int) -> range | None:
        """Take ports in a row from those that are reserved, where there are so many."""
        for place in range(len(self._waiting) - count + 1):
            first = self._waiting[place]
            if self._waiting[place : place + count] == [*range(first, first + count)]:
                del self._waiting[place : place + count]
                return range(first, first + count)
        return None

    def _reserve(self, strips: int, *, wanted: int) -> range:
        """Reserve strips in a row that no run has, and return their ports."""
        make_directory(self._lock_path.parent)
        lock = locks.take(self._lock_path, timeout_s=LOCK_TIMEOUT_S)
        try:
            taken = set(find_taken(self._run_path.parent))
            for number in self._list_starts(strips):
                ports = range(number, number + strips * STRIP)
                if taken.isdisjoint(ports):
                    self._mark(ports)
                    return ports
        finally:
            locks.give_back(lock)
        raise PortsExhaustedError(wanted, self._first, self._last)

    def _list_starts(self, strips: int) -> Iterator[int]:
        """Yield where strips may begin, from this slot's own place on, once around."""
        for offset in range(self._strips):
            strip = (self._start + offset) % self._strips
            if strip + strips <= self._strips:
                yield self._first + strip * STRIP

    def _mark(self, ports: range) -> None:
        directory = self._run_path / "ports"
        make_directory(directory)
        (directory / f"{ports.start}-{ports.stop - 1}").touch()


def find_taken(runs_dir: Path) -> Iterator[int]:
    """Yield the ports that runs have reserved."""
    for path in runs_dir.glob("*/ports/*"):
        first, _, last = path.name.partition("-")
        with contextlib.suppress(ValueError):
            yield from range(int(first), int(last) + 1)


def is_port_free(port: int) -> bool:
    """Tell whether a server can bind the port, on any address, for TCP and UDP.

    Without SO_REUSEADDR: a connection that still winds up is in the way of servers without it.
    """
    return all(_can_bind(family, kind, port) for family in _list_families() for kind in TCP_AND_UDP)


def choose_range(text: str) -> tuple[int, int]:
    """Choose first and last port, away from those that the system gives out by itself.

    :param text: first and last of those, as the system tells them; empty where it doesn't.
    """
    low, high = map(int, text.split()) if text else (HIGHEST + 1, 60_999)
    if min(low - 1, HIGHEST) - LOWEST >= FEWEST:
        return LOWEST, min(low - 1, HIGHEST)
    if 65_535 - high >= FEWEST:
        return high + 1, 65_535
    return LOWEST, HIGHEST


def read_ephemeral() -> str:
    """Read which ports the system gives out by itself, where it tells."""
    try:
        return EPHEMERAL.read_text(encoding="ascii")
    except OSError:
        return ""


def _list_families() -> Sequence[socket.AddressFamily]:
    if socket.has_ipv6:
        return (socket.AF_INET, socket.AF_INET6)
    return (socket.AF_INET,)


def _can_bind(family: socket.AddressFamily, kind: socket.SocketKind, port: int) -> bool:
    """Try it; where the machine has no such address, nobody can be in the way."""
    try:
        with socket.socket(family, kind) as probe:
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if exclusive := getattr(socket, "SO_EXCLUSIVEADDRUSE", None):
                probe.setsockopt(socket.SOL_SOCKET, exclusive, 1)
            probe.bind(("", port))
    except OSError as error:
        return error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT)
    return True
