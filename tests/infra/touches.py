"""From audit events of CPython to what they touch that other processes can reach, too.

Pure but for one question: where a descriptor points.  Whether a touch counts, whose it is, and
what its path is without links, is decided in `accesses`.
"""

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from .access_records import AccessKind

WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

LOCK_EXCLUSIVE: Final = 2
LOCK_UNLOCK: Final = 8
"""Operations of `flock`; the same on Linux, macOS and the BSDs."""

MACOS_PATH_OF: Final = 50
"""F_GETPATH of macOS, sys/fcntl.h."""


class Effect(Enum):
    """What an event tells besides accesses."""

    PRIVATE = "private"
    """The path is a temporary one whose name was drawn at random."""
    LOCKED = "locked"
    LOCKED_SHARED = "locked, shared"
    """So it is a lock file, but others may hold it, too."""
    UNLOCKED = "unlocked"


class Touch(NamedTuple):
    """What one event touches."""

    kind: AccessKind | Effect
    target: str
    """A path as it was given, an address, or a descriptor."""


# Any: the arguments of an event have any types; each reader knows its own.
Arguments = tuple[Any, ...]
Reader = Callable[[Arguments], Iterator[Touch]]


def is_reading(event: str, args: Arguments) -> bool:
    """Tell whether an event is a file opened for reading, which most of those we hear are."""
    return event == "open" and not args[2] & WRITES


def read_event(event: str, args: Arguments) -> Iterator[Touch]:
    """Read what an event touches; nothing where it is about a descriptor that is open already."""
    return READERS[event](args)


def find_path(descriptor: int) -> str:
    """Find the path of an open file, or its numbers where the system doesn't tell the path."""
    try:
        return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    except OSError:
        return _find_path_elsewhere(descriptor)


def _find_path_elsewhere(descriptor: int) -> str:
    try:
        import fcntl  # noqa: PLC0415  not on every platform

        found = fcntl.fcntl(descriptor, MACOS_PATH_OF, bytes(1024))
        return os.fsdecode(found.rstrip(b"\0"))
    except (ImportError, OSError):
        status = os.fstat(descriptor)
        return f"{status.st_dev}:{status.st_ino}"


def _read_open(args: Arguments) -> Iterator[Touch]:
    path, _, flags = args
    if isinstance(path, int) or not flags & WRITES:
        return
    is_append = flags & os.O_APPEND and not flags & os.O_TRUNC
    kind = AccessKind.APPENDED if is_append else AccessKind.FILE
    yield Touch(kind, os.fsdecode(path))


def _read_database(args: Arguments) -> Iterator[Touch]:
    name = os.fsdecode(args[0])
    if name.startswith("file:"):
        parts = urlsplit(name)
        query = parse_qs(parts.query)
        is_harmless = {"ro", "memory"} & {*query.get("mode", ())} or "immutable" in query
        name = "" if is_harmless else unquote(parts.path)
    # Without a name, SQLite makes a temporary database.
    if name not in ("", ":memory:"):
        yield Touch(AccessKind.DATABASE, name)


def _read_bind(args: Arguments) -> Iterator[Touch]:
    bound, address = args
    if bound.family == getattr(socket, "AF_UNIX", None):
        name = os.fsdecode(address)
        if name:
            yield Touch(AccessKind.SOCKET, name.replace("\0", "@", 1))
    elif bound.family in (socket.AF_INET, socket.AF_INET6):
        host, port = address[:2]
        # The kernel never gives the same port to two at once.
        if port:
            protocol = "udp" if bound.type == socket.SOCK_DGRAM else "tcp"
            yield Touch(AccessKind.PORT, f"{protocol} {_name_host(host, bound.family)} {port}")


def _name_host(host: str, family: int) -> str:
    """Return one name for each address; all of a machine's are `*`."""
    if host in ("", "0.0.0.0", "::"):  # noqa: S104  compared, not bound
        return "*"
    if host == "localhost":
        return "127.0.0.1" if family == socket.AF_INET else "::1"
    return host


def _read_mkdir(args: Arguments) -> Iterator[Touch]:
    path, _, directory = args
    full = _join(path, directory)
    yield Touch(AccessKind.FOUND if os.path.isdir(full) else AccessKind.DIRECTORY, full)  # noqa: PTH112  a Path costs more than the question


def _read_removal(args: Arguments) -> Iterator[Touch]:
    path, directory = args
    full = _join(path, directory)
    if os.path.lexists(full):
        yield Touch(AccessKind.REMOVED, full)


def _read_rename(args: Arguments) -> Iterator[Touch]:
    source, target, source_directory, target_directory = args
    yield Touch(AccessKind.REMOVED, _join(source, source_directory))
    yield Touch(AccessKind.FILE, _join(target, target_directory))


def _read_truncate(args: Arguments) -> Iterator[Touch]:
    if not isinstance(args[0], int):
        yield Touch(AccessKind.FILE, os.fsdecode(args[0]))


def _read_link(args: Arguments) -> Iterator[Touch]:
    yield Touch(AccessKind.FILE, _join(args[1], args[-1]))


def _read_private(args: Arguments) -> Iterator[Touch]:
    yield Touch(Effect.PRIVATE, os.fsdecode(args[0]))


def _read_lock(args: Arguments) -> Iterator[Touch]:
    descriptor, operation = args[:2]
    number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
    if operation & LOCK_UNLOCK:
        yield Touch(Effect.UNLOCKED, str(number))
    elif operation & LOCK_EXCLUSIVE:
        yield Touch(Effect.LOCKED, str(number))
    else:
        yield Touch(Effect.LOCKED_SHARED, str(number))


def _read_windows_lock(args: Arguments) -> Iterator[Touch]:
    descriptor, mode, _ = args
    yield Touch(Effect.LOCKED if mode else Effect.UNLOCKED, str(descriptor))


def _join(path: str | bytes | os.PathLike[str], directory: int) -> str:
    """Return a path that may be relative to an open directory; -1 stands for the current one."""
    name = os.fsdecode(path)
    return name if directory == -1 else os.path.join(find_path(directory), name)  # noqa: PTH118  as text


READERS: Final[Mapping[str, Reader]] = {
    "open": _read_open,
    "sqlite3.connect": _read_database,
    "socket.bind": _read_bind,
    "os.mkdir": _read_mkdir,
    "os.remove": _read_removal,
    "os.rmdir": _read_removal,
    "os.rename": _read_rename,
    "os.truncate": _read_truncate,
    "os.link": _read_link,
    "os.symlink": _read_link,
    "tempfile.mkdtemp": _read_private,
    "tempfile.mkstemp": _read_private,
    "fcntl.flock": _read_lock,
    "fcntl.lockf": _read_lock,
    "msvcrt.locking": _read_windows_lock,
}
"""Audit event to what reads it; Library Reference, "Audit events table"."""
