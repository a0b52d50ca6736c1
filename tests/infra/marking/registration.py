"""Whether a project knows the markers that `mark` writes, and what it lacks.

Under `--strict-markers`, or where warnings are errors, a marker that isn't registered breaks every
file that uses it.
"""

import re
from collections.abc import Collection, Iterable

import pytest

from ..errors import InfraError
from ..options import MARKERS


class UnregisteredError(InfraError):
    """Markers that would break the suite."""

    def __init__(self, names: Collection[str], remedy: str) -> None:
        super().__init__(names, remedy)
        self.names = names
        self.remedy = remedy

    def __str__(self) -> str:
        return (
            f"nothing is written: {', '.join(self.names)} not registered as markers, and this "
            f"configuration makes that an error; {self.remedy}"
        )


def find_unregistered(config: pytest.Config, names: Iterable[str]) -> list[str]:
    """Return those of the markers that the project has not registered."""
    registered = {re.split(r"[:(]", line)[0].strip() for line in config.getini("markers")}
    return sorted(set(names) - registered)


def is_strict(config: pytest.Config) -> bool:
    """Tell whether a marker that isn't registered breaks a run."""
    filters = [*config.getini("filterwarnings"), *(config.getoption("pythonwarnings", None) or ())]
    if any(re.match(r"error(::(pytest\.)?\w*Warning)?$", text.strip()) for text in filters):
        return True
    switches = (config.getoption("strict_markers", None), config.getoption("strict", None))
    return any(switches) or any(_read_switch(config, name) for name in ("strict_markers", "strict"))


def render_remedy(config: pytest.Config, names: Iterable[str]) -> str:
    """Return the lines to add, and to which file."""
    name = config.inipath.name if config.inipath else "pytest.ini"
    lines = [f"    {marker}: {MARKERS[marker]}" for marker in names]
    return "\n".join([f"add to `markers` in {name}:", *lines])


def _read_switch(config: pytest.Config, name: str) -> bool:
    try:
        return bool(config.getini(name))
    except (KeyError, ValueError):
        # This version of pytest has no such key.
        return False
