"""What the process finds around it: the order of directories, its id, the network, its limits."""

import errno
import itertools
import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, Self

from .conditions import CUT, SLOW, Conditions

if TYPE_CHECKING:
    from .perturbations import Applied

LATE_S: Final = 0.5

BY_AGE: Final = (-1, 1)
"""The first orders of a directory: by inodes, downwards and upwards."""

LOCAL: Final = ("localhost", "127.", "::1", "0.0.0.0")  # noqa: S104  compared, not bound


def change(conditions: Conditions, applied: "Applied") -> None:
    """Change what is asked for."""
    if conditions.listing:
        _reorder_directories(conditions.listing, applied)
    if conditions.pid:
        _change_pid(conditions.pid, applied)
    if conditions.network == CUT:
        _cut_network(applied)
    if conditions.network == SLOW:
        _slow_servers(applied)
    if conditions.descriptors:
        _limit_descriptors(conditions.descriptors, applied)


class Scan:
    """A directory's entries in another order, with the interface of `os.scandir`'s result."""

    # Any: the entries are of str or bytes paths.
    def __init__(self, entries: list[Any]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Any]:
        return self._entries

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go; the entries have been read."""


def _reorder_directories(number: int, applied: "Applied") -> None:
    """List directories in an order that is the same in each process.

    So it must not depend on how many were listed before, pytest's own among them.  The first two
    don't depend on names either, which may be random: the newest first, as tmpfs lists them, and
    the oldest.  Inodes are numbered as files are made, times are too coarse.
    """
    scandir = os.scandir

    # Any: the entry's name is str or bytes.
    def rank(entry: "os.DirEntry[Any]") -> tuple[float, Any]:
        if number <= len(BY_AGE):
            return (BY_AGE[number - 1] * entry.inode(), entry.name)
        return (random.Random(f"{number} {entry.name}").random(), entry.name)  # noqa: S311  repeatable

    # Any: a path is str, bytes, a path or a descriptor.
    def scan(path: Any) -> "list[os.DirEntry[Any]]":
        with scandir(path) as found:
            entries = sorted(found, key=rank)
        applied.counts["directories listed"] += 1
        return entries

    def listdir_reordered(path: Any = None) -> list[Any]:
        return [entry.name for entry in scan(path)]

    def scandir_reordered(path: Any = None) -> Scan:
        return Scan(scan(path))

    applied.put(os, "listdir", listdir_reordered)
    applied.put(os, "scandir", scandir_reordered)


def _change_pid(pid: int, applied: "Applied") -> None:
    getpid = os.getpid

    def getpid_changed() -> int:
        if not applied.is_called_by_own():
            return getpid()
        applied.counts["os.getpid called"] += 1
        return pid

    applied.put(os, "getpid", getpid_changed)


def is_local(host: object) -> bool:
    """Tell whether a host is this machine, by its name or address alone."""
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    return not name or name.startswith(LOCAL)


def _cut_network(applied: "Applied") -> None:
    connect, getaddrinfo = socket.socket.connect, socket.getaddrinfo

    # Any: an address is of any shape, by its family.
    def connect_locally(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not is_local(address[0]):
            applied.counts["connections refused"] += 1
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
        connect(self, address)

    def resolve_locally(host: Any, *args: Any, **options: Any) -> object:
        if not is_local(host):
            applied.counts["names not resolved"] += 1
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return getaddrinfo(host, *args, **options)

    applied.put(socket.socket, "connect", connect_locally)
    applied.put(socket, "getaddrinfo", resolve_locally)


def _slow_servers(applied: "Applied") -> None:
    sendall, send, sleep = socket.socket.sendall, socket.socket.send, time.sleep

    def delay() -> None:
        if threading.current_thread() is not threading.main_thread():
            applied.counts["answers delayed"] += 1
            sleep(LATE_S)

    # Any: whatever can be sent.
    def sendall_late(self: socket.socket, data: Any, *flags: int) -> None:
        delay()
        sendall(self, data, *flags)

    def send_late(self: socket.socket, data: Any, *flags: int) -> int:
        delay()
        return send(self, data, *flags)

    applied.put(socket.socket, "sendall", sendall_late)
    applied.put(socket.socket, "send", send_late)


def _limit_descriptors(more: int, applied: "Applied") -> None:
    import resource  # noqa: PLC0415  not on every platform

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # The system limits the largest number, and there may be gaps below those in use.
    free = (number for number in itertools.count() if not _is_open(number))
    limit = next(itertools.islice(free, more, None))
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    applied.counts["limit of descriptors set"] += 1


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
