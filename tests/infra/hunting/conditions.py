"""Under which conditions tests run in a hunt: a frozen record, with texts in and out.

What each condition does to a process is in `perturbations`; a condition that is not named is as it
was.  A hash seed and the load of the machine belong to no process alone and are not here.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from ..errors import SettingError

INTERLEAVED: Final = "interleaved"
IN_LINE: Final = "in-line"

FROZEN: Final = "frozen"
"""A clock that stands still."""

CUT: Final = "cut"
SLOW: Final = "slow"

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "threads": (INTERLEAVED, IN_LINE),
    "network": (CUT, SLOW),
}

HELP: Final[Mapping[str, str]] = {
    "seed": "numbers drawn at random follow from this one: random, os.urandom, secrets, uuid4",
    "zone": "time zone, such as Asia/Kathmandu",
    "locale": "locale of the process, such as tr_TR.UTF-8",
    "clock": "where the clock starts, such as 2027-12-31T23:59:59.9+00:00, or `frozen`; "
    "needs time-machine",
    "own_waits": "the test's own sleeps and waits for others last so many times as long",
    "other_waits": "those of other threads and tasks last so many times as long",
    "timeouts": "the limits set to programs and to awaited things last so many times as long",
    "haste": "the project reads so many times as much time as passes",
    "threads": "interleaved: threads switch between any two instructions; in-line: whoever starts "
    "one waits until it has ended, for half a second at most",
    "pauses": "the project pauses between its lines, where and how long follows from this number",
    "listing": "directories are listed in an order that follows from this number",
    "pid": "the project's own process id",
    "network": "cut: nothing outside this machine answers; slow: servers in other threads do so "
    "half a second late",
    "descriptors": "how many more files may be open than are now",
}


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is other than in an ordinary run."""

    seed: int = 0
    """0: numbers are as random as ever."""
    zone: str = ""
    locale: str = ""
    clock: str = ""
    own_waits: float = 1.0
    other_waits: float = 1.0
    timeouts: float = 1.0
    haste: float = 1.0
    threads: str = ""
    pauses: int = 0
    listing: int = 0
    pid: int = 0
    network: str = ""
    descriptors: int = 0

    def render(self) -> list[str]:
        """Render what is not as ever, each as KEY=VALUE."""
        return [f"{name}={value}" for name, value in self._find_set()]

    def to_data(self) -> dict[str, object]:
        """Return what is not as ever, for JSON."""
        return dict(self._find_set())

    def _find_set(self) -> Iterator[tuple[str, object]]:
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                yield field.name, f"{value:g}" if isinstance(value, float) else value


ORDINARY: Final = Conditions()

# Any: a type that takes a text or a number.
TYPES: Final[Mapping[str, Any]] = {field.name: type(field.default) for field in fields(Conditions)}


def read_conditions(texts: Iterable[str]) -> Conditions:
    """Read what `render` wrote.

    :raises SettingError: a text is no condition, or two exclude each other.
    """
    found: dict[str, object] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in TYPES:
            known = ", ".join(TYPES)
            raise SettingError("--under", text, "names no condition", f"give one of {known}")
        if name in found:
            raise SettingError("--under", text, "is given twice", "give it once")
        found[name] = _read_value(text, name, value)
    conditions = build_conditions(found)
    if conditions.pauses and conditions.threads == INTERLEAVED:
        way_out = "give pauses or threads=interleaved"
        raise SettingError("--under", conditions.threads, "excludes pauses", way_out)
    return conditions


def build_conditions(found: Mapping[str, object]) -> Conditions:
    """Build the record from what `to_data` returned."""
    # Any: a value of the type of its field.
    values: dict[str, Any] = {}
    for name, value in found.items():
        kind = TYPES[name]
        values[name] = kind(value)
    return Conditions(**values)


def _read_value(text: str, name: str, value: str) -> object:
    choices = CHOICES.get(name)
    if choices and value not in choices:
        raise SettingError("--under", text, "is no value", f"give {' or '.join(choices)}")
    if TYPES[name] is str:
        if not value:
            raise SettingError("--under", text, "has no value", f"give {HELP[name]}")
        return value
    return _read_number(text, name, value)


def _read_number(text: str, name: str, value: str) -> float:
    """Read a number above 0: nothing else is a seed, a factor, or a count."""
    try:
        number: float = TYPES[name](value)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        kind = "whole number" if TYPES[name] is int else "number"
        raise SettingError("--under", text, f"is no {kind} above 0", f"{name}: {HELP[name]}")
    return number
