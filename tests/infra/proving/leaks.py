"""Reads what the guard saw in a pass."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

LEAKS_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Leak:
    """A resource that a test did not leave as it found it."""

    nodeid: str
    kind: str = ""
    culprit: str = ""
    resource: str = ""
    path: str = ""
    before: str = ""
    after: str = ""
    remedy: str = ""


def read_leaks(path: Path) -> Sequence[Leak]:
    """Read the guard's file; none where there is none, or another version's."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    if not isinstance(found, dict) or found.get("version") != LEAKS_VERSION:
        return ()
    names = {field.name for field in fields(Leak)}
    return tuple(
        Leak(**{name: str(value) for name, value in leak.items() if name in names})
        for leak in found["leaks"]
    )
