"""From the accesses of all workers to what two of them held at once.

Pure.  Where accesses come from is told in `access_log`, how they read in `contention_report`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .access_records import Access, AccessKind

ANY_HOST: Final = "*"

HARMLESS: Final = frozenset({AccessKind.APPENDED, AccessKind.FOUND})
"""What two may do at once, if both do the same.

Whoever opens a file to append expects others to do so, too: the system puts one entry after the
other.  And a directory that both found was there before them.
"""


class Reason(StrEnum):
    """Why something that several workers touched is no conflict."""

    APART = "at different times"
    LOCKED = "under a lock"
    APPENDED = "appended to only"
    ADDRESSES = "at different addresses"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that two workers held at once."""

    target: str
    first: Access
    second: Access
    """The first pair, by time."""
    owners: tuple[str, ...]
    """All tests and fixtures that held it at once with another worker's, sorted."""

    @property
    def kind(self) -> AccessKind:
        """What it is, as the more telling of the two says."""
        kinds = {self.first.kind, self.second.kind}
        return next(kind for kind in TELLING if kind in kinds)


@dataclass(frozen=True, slots=True)
class Shared:
    """Something that several workers touched, but not so that it matters."""

    target: str
    reason: Reason
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contention:
    """What the workers of a run have shared."""

    conflicts: Sequence[Conflict] = ()
    """In the order in which they came about."""
    shared: Sequence[Shared] = ()
    """By target."""


TELLING: Final = (
    AccessKind.DATABASE,
    AccessKind.DIRECTORY,
    AccessKind.FOUND,
    AccessKind.PORT,
    AccessKind.SOCKET,
    AccessKind.FILE,
    AccessKind.APPENDED,
    AccessKind.REMOVED,
)


def join_accesses(accesses: Iterable[Access]) -> Contention:
    """Find what two workers held at once, and what they shared otherwise.

    It sorts and sweeps: n log n, and one step more for each pair at the same time.
    """
    groups: defaultdict[str, list[Access]] = defaultdict(list)
    for access in accesses:
        groups[_get_key(access)].append(access)
    conflicts: list[Conflict] = []
    shared: list[Shared] = []
    for target, members in groups.items():
        # Making sure of a directory that was there before is no use of it.
        is_used = any(member.kind is not AccessKind.FOUND for member in members)
        if is_used and len({member.worker_id for member in members}) > 1:
            _judge(target, members, conflicts, shared)
    conflicts.sort(key=lambda conflict: (conflict.second.start, conflict.target))
    shared.sort(key=lambda one: one.target)
    return Contention(conflicts, shared)


def overlap(one: Access, other: Access) -> bool:
    """Tell whether two workers held something at once; what ends when the other begins doesn't."""
    return one.worker_id != other.worker_id and (
        max(one.start, other.start) < min(_get_stop(one), _get_stop(other))
    )


def is_tolerable(one: Access, other: Access) -> bool:
    """Tell whether two may do at once what they did."""
    is_same = one.kind is other.kind and one.kind in HARMLESS
    return is_same or bool({*one.locks} & {*other.locks}) or not _is_same_address(one, other)


def _judge(
    target: str, members: list[Access], conflicts: list[Conflict], shared: list[Shared]
) -> None:
    pairs = list(_sweep(members))
    clashes = [pair for pair in pairs if not is_tolerable(*pair)]
    if clashes:
        first, second = clashes[0]
        owners = {access.owner for pair in clashes for access in pair}
        conflicts.append(Conflict(target, first, second, tuple(sorted(owners))))
    else:
        owners = {member.owner for member in members}
        reason = _find_reason(pairs)
        shared.append(Shared(target, reason, tuple(sorted(owners))))


def _sweep(members: list[Access]) -> Iterator[tuple[Access, Access]]:
    """Return all pairs at the same time, in the order of the later one's start."""
    held: list[Access] = []
    for access in sorted(members, key=lambda each: (each.start, each.worker_id, each.owner)):
        held = [other for other in held if _get_stop(other) > access.start]
        for other in held:
            if overlap(other, access):
                yield other, access
        held.append(access)


def _find_reason(pairs: Sequence[tuple[Access, Access]]) -> Reason:
    if not pairs:
        return Reason.APART
    if any({*one.locks} & {*other.locks} for one, other in pairs):
        return Reason.LOCKED
    is_port = any(one.kind is AccessKind.PORT for one, _ in pairs)
    if is_port:
        return Reason.ADDRESSES
    is_appended = any(one.kind is AccessKind.APPENDED for one, _ in pairs)
    return Reason.APPENDED if is_appended else Reason.APART


def _get_stop(access: Access) -> float:
    return float("inf") if access.stop is None else access.stop


def _get_key(access: Access) -> str:
    """Return the path, or protocol and port: an address may be one of several, or all of them."""
    if access.kind is not AccessKind.PORT:
        return access.target
    protocol, _, port = access.target.split(" ")
    return f"{protocol} {port}"


def _is_same_address(one: Access, other: Access) -> bool:
    if one.target == other.target:
        return True
    return ANY_HOST in (one.target.split(" ")[1], other.target.split(" ")[1])
