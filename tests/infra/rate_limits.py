"""What a service allows: the limits that the marker and the fixture `rate_limit` name.

Pure: keeping them is left to `sharing.limits`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pytest

from .errors import SettingError

MARKER: Final = "rate_limit"

WAITS: Final = "rate-limits-"
"""How the names of files begin in which a run's workers note what their calls have waited for."""

MINUTE_MS: Final = 60_000

MOST_PER_MINUTE: Final = 60_000
"""One a millisecond, which is what the clock tells apart."""

NAME: Final = re.compile(r"\w[\w-]{0,63}")
"""The name is part of a file's."""

WRITE: Final = (
    'write rate_limit("name", per_minute=60) or rate_limit("name", per_minute=60, burst=5)'
)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many calls a service allows in any minute, and how many of them at once."""

    name: str
    per_minute: int
    burst: int

    @property
    def burst_ms(self) -> int:
        """The milliseconds in which no more calls than `burst` may begin."""
        return self.burst * MINUTE_MS // self.per_minute

    def render(self) -> str:
        """Render the numbers."""
        return f"{self.per_minute} a minute, {self.burst} at once"


class RateLimitTable:
    """The limits of one collection, by name."""

    def __init__(self) -> None:
        self._known: dict[str, RateLimit] = {}

    def find_conflict(self, nodeid: str, mark: pytest.Mark) -> str | None:
        """Say what is wrong with a test's marker, or return None."""
        try:
            limit = read_mark(mark)
        except SettingError as error:
            return f"{nodeid}: {error}"
        known = self._known.setdefault(limit.name, limit)
        if known == limit:
            return None
        return (
            f"{nodeid} gives rate limit {limit.name!r} {limit.render()}, "
            f"which is {known.render()} elsewhere"
        )


def find_limits(marks: Iterable[pytest.Mark]) -> list[RateLimit]:
    """Return the limits of one test, each name once, the nearest marker's.

    :raises SettingError: a marker is no limit.
    """
    found = [read_mark(mark) for mark in marks if mark.name == MARKER]
    return list({limit.name: limit for limit in reversed(found)}.values())


def read_mark(mark: pytest.Mark) -> RateLimit:
    """Read `rate_limit("llm_api", per_minute=60, burst=5)`.

    :raises SettingError: it is no limit.
    """
    given = dict(mark.kwargs)
    has_names = len(mark.args) == 1 and {"per_minute"} <= given.keys() <= {"per_minute", "burst"}
    if not has_names:
        shown = ", ".join([*map(repr, mark.args), *(f"{k}={v!r}" for k, v in given.items())])
        raise SettingError("marker rate_limit", shown, "is no limit", WRITE)
    return build_rate_limit(mark.args[0], per_minute=given["per_minute"], burst=given.get("burst"))


def build_rate_limit(name: object, *, per_minute: object, burst: object = None) -> RateLimit:
    """Build a limit from what a test has written.

    :param burst: how many calls may begin at once; as many as in a minute if not given.
    :raises SettingError: no call is allowed, or more at once than in a minute.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        remedy = "use up to 64 letters, digits, underscores and hyphens"
        raise SettingError("name of rate_limit", str(name), "can't name a service", remedy)
    most = _read_count(f"per_minute of {MARKER} {name!r}", per_minute, MOST_PER_MINUTE)
    if burst is None:
        return RateLimit(name, most, most)
    return RateLimit(name, most, _read_count(f"burst of {MARKER} {name!r}", burst, most))


def _read_count(setting: str, value: object, most: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
        return value
    remedy = f"give a whole number from 1 to {most}, or leave the limit out"
    raise SettingError(setting, str(value), "is no number of calls", remedy)
