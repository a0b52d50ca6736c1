"""What two workers held at once, as text and as JSON; printing and writing is left to others."""

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from .access_records import Access, AccessKind
from .contention import Conflict, Contention

FILE: Final = "contention.json"
"""In our directory of pytest's cache."""

VERSION: Final = 1

SHOWN_CONFLICTS: Final = 10

PAIR: Final = 2

NOUNS: Final = {
    AccessKind.APPENDED: "file",
    AccessKind.FOUND: "directory",
    AccessKind.REMOVED: "path",
}

ADVICE: Final = {
    "port": "bind port 0, or the fixture free_port",
    "database": "the fixture worker_database, or a database in tmp_path or isolated_temp_dir",
}
PATH_ADVICE: Final = "a path in tmp_path or isolated_temp_dir, or one with worker_id in it"
LAST_ADVICE: Final = (
    "what must be shared: xdist_group or a lane keeps its tests apart, a lock held by both is "
    'respected, and leaks("contention", reason=...) tells that it is meant'
)


def render_title(contention: Contention) -> str:
    """Render the heading of the section."""
    count = len(contention.conflicts)
    return f"infra: {count} conflict{'' if count == 1 else 's'} between workers"


def render_conflicts(contention: Contention) -> list[str]:
    """Render what two workers held at once, the earliest first, and what to do."""
    if not contention.conflicts:
        return []
    shown = contention.conflicts[:SHOWN_CONFLICTS]
    more = len(contention.conflicts) - len(shown)
    return [
        *map(_render_conflict, shown),
        *([f"and {more} more; all are in {FILE} in pytest's cache directory"] if more else []),
        *_render_advice(contention.conflicts),
    ]


def render_json(contention: Contention) -> str:
    """Render all of it for other programs."""
    found = {
        "version": VERSION,
        "conflicts": [_describe(conflict) for conflict in contention.conflicts],
        "shared": [
            {"target": one.target, "reason": one.reason, "owners": one.owners}
            for one in contention.shared
        ],
    }
    return json.dumps(found, indent=1)


def _render_conflict(conflict: Conflict) -> str:
    others = len(conflict.owners) - PAIR
    more = f"; {others} more of the kind" if others > 0 else ""
    pair = f"{_render_access(conflict.first)} and {_render_access(conflict.second)}"
    return f"{_name(conflict.kind)} {conflict.target}: {pair}{more}"


def _render_access(access: Access) -> str:
    return f"{access.owner} on {access.worker_id} ({_render_time(access)})"


def _render_time(access: Access) -> str:
    """Render from when to when by the local clock; what both have in common is told once."""
    start = _render_clock(access.start)
    if access.stop is None:
        return f"from {start} on"
    stop = _render_clock(access.stop)
    is_same_second = start.partition(".")[0] == stop.partition(".")[0]
    return f"{start} to {stop[-4:] if is_same_second else stop}"


def _render_clock(seconds: float) -> str:
    milliseconds = int(seconds * 1000)
    clock = time.strftime("%H:%M:%S", time.localtime(milliseconds // 1000))
    return f"{clock}.{milliseconds % 1000:03}"


def _render_advice(conflicts: Sequence[Conflict]) -> Iterator[str]:
    names = {_name(conflict.kind) for conflict in conflicts}
    advice = [text for name, text in ADVICE.items() if name in names]
    if names - {*ADVICE}:
        advice.insert(0, PATH_ADVICE)
    yield f"instead: {'; '.join(advice)}"
    yield LAST_ADVICE


def _name(kind: AccessKind) -> str:
    return NOUNS.get(kind, kind.value)


# Any: JSON of several shapes.
def _describe(conflict: Conflict) -> dict[str, Any]:
    return {
        "kind": _name(conflict.kind),
        "target": conflict.target,
        "first": _describe_access(conflict.first),
        "second": _describe_access(conflict.second),
        "owners": conflict.owners,
    }


# Any: as above.
def _describe_access(access: Access) -> dict[str, Any]:
    return {
        "nodeid": access.nodeid,
        "fixture": access.fixture,
        "worker": access.worker_id,
        "use": access.kind,
        "start": access.start,
        "stop": access.stop,
    }
