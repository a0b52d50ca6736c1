"""What a process runs under: versions, the variables that steer Python, umask, zone and locale.

Only variables that are named here are read: any other may hold a secret.
What is done about a difference is left to `replaying`.
"""

import locale
import os
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

HASH_SEED: Final = "PYTHONHASHSEED"
"""Told for each worker, not here: workers have seeds of their own."""

NAMES: Final = ("TZ", "LANG", "LANGUAGE")
PREFIXES: Final = ("LC_", "PYTHON")

PLACES: Final = frozenset(
    (
        *("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONEXECUTABLE"),
        *("PYTHONPYCACHEPREFIX", "PYTHONPLATLIBDIR"),
    )
)
"""Variables that name places of one machine: compared, and never carried to another process."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a run ran under."""

    versions: Mapping[str, str] = field(default_factory=dict)
    """Of Python and of what runs the tests; a package that is not there is left out."""
    variables: Mapping[str, str] = field(default_factory=dict)
    umask: int = 0
    zone: str = ""
    """Names of the time zone, without and with summer time."""
    locale: str = ""

    @classmethod
    def from_object(cls, found: Mapping[str, Any]) -> Self:  # Any: JSON of any shape
        """Build it from what `to_object` returned."""
        return cls(**found)

    def to_object(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return asdict(self)

    def list_differences(self, now: "Circumstances") -> list[str]:
        """Tell what is otherwise now, one line each; what it was comes first."""
        pairs = [
            *_pair(self.versions, now.versions),
            *_pair(self.variables, now.variables),
            ("umask", f"{self.umask:03o}", f"{now.umask:03o}"),
            ("time zone", self.zone, now.zone),
            ("locale", self.locale, now.locale),
        ]
        return [
            f"{name} was {was or 'not set'}, is {now or 'not set'}"
            for name, was, now in pairs
            if was != now
        ]


def read_circumstances() -> Circumstances:
    """Read what this process runs under."""
    return Circumstances(
        versions=_read_versions(),
        variables={name: os.environ[name] for name in sorted(os.environ) if is_told(name)},
        umask=_read_umask(),
        zone="/".join(time.tzname),
        locale=str(locale.setlocale(locale.LC_CTYPE)),
    )


def is_told(name: str) -> bool:
    """Tell whether a variable of this name is recorded."""
    return name != HASH_SEED and (name in NAMES or name.startswith(PREFIXES))


def build_variables(recorded: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Build the environment of a process that repeats a run: this one's, with what was recorded."""
    kept = {name: value for name, value in environ.items() if not is_told(name) or name in PLACES}
    carried = {name: value for name, value in recorded.items() if name not in PLACES}
    return {**kept, **carried}


def _pair(was: Mapping[str, str], now: Mapping[str, str]) -> list[tuple[str, str, str]]:
    return [(name, was.get(name, ""), now.get(name, "")) for name in sorted({*was, *now})]


def _read_versions() -> dict[str, str]:
    """Read versions from what is imported already; asking for packages takes 10 ms."""
    versions = {"python": platform.python_version()}
    for package, name in (("pytest", "pytest"), ("pytest-xdist", "xdist")):
        if module := sys.modules.get(name):
            versions[package] = str(module.__version__)
    return versions


def _read_umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
