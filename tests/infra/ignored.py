"""Which paths don't count where it is asked what tests share: devices, caches, a worker's own.

Who asks is `accesses`; what belongs to a worker is found in `access_watch`.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

IGNORED_NAMES: Final = re.compile(
    r"[/\\](?:__pycache__|\.pytest_cache|\.hypothesis)(?:[/\\]|$)"
    r"|\.pyc(?:\.\d+)?$"
    r"|[/\\]\.coverage[^/\\]*$"
)
"""Compiled modules, caches and coverage's data: many processes write them by design."""

DEVICES: Final = ("/dev/", "/proc/", "/sys/")
SHARED_MEMORY: Final = "/dev/shm/"  # noqa: S108  compared, not used


def is_device(path: str) -> bool:
    """Tell whether a path is no file of a disk, but something of the system's."""
    return path.startswith(DEVICES) and not path.startswith(SHARED_MEMORY)


@dataclass(frozen=True, slots=True)
class Ignored:
    """What doesn't count: directories, with a separator at their ends, and files."""

    prefixes: tuple[str, ...]
    files: frozenset[str] = frozenset()

    def has(self, path: str) -> bool:
        """Tell whether a path is one of those, or below one."""
        if path in self.files or f"{path}{os.sep}".startswith(self.prefixes):
            return True
        return IGNORED_NAMES.search(path) is not None


def build_ignored(directories: Iterable[str], files: Iterable[str] = ()) -> Ignored:
    """Build it from paths as they are given, and with their links followed."""
    prefixes = {f"{path}{os.sep}" for given in directories for path in _list_names(given)}
    return Ignored(
        tuple(sorted(prefixes)), frozenset(path for given in files for path in _list_names(given))
    )


def _list_names(path: str) -> tuple[str, str]:
    return os.path.abspath(path), os.path.realpath(path)  # noqa: PTH100  as text
