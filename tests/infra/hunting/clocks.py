"""Clocks that run faster for the project than they do, start at another instant, or elsewhere."""

import datetime as dt
import importlib.util
import os
import re
import time
import zoneinfo
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ..errors import SettingError
from .conditions import FROZEN

if TYPE_CHECKING:
    from .perturbations import Applied

SECONDS: Final = ("time", "monotonic", "perf_counter")
NANOSECONDS: Final = ("time_ns", "monotonic_ns", "perf_counter_ns")

POSIX_ZONE: Final = re.compile(r"([A-Za-z]{3,}|<[-+\w]{3,}>)[-+]?\d.*")
"""A zone that needs no database: its name and its hours west of Greenwich, POSIX 8.3."""


def check_zone(zone: str) -> None:
    """See that a time zone is known: the system would take UTC in place of one that is not.

    :raises SettingError: there is none of this name.
    """
    if not POSIX_ZONE.fullmatch(zone):
        try:
            zoneinfo.ZoneInfo(zone)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            way_out = "give one such as Asia/Kathmandu, or EST5EDT,M3.2.0,M11.1.0"
            raise SettingError("zone", zone, "is no time zone here", way_out) from None


def set_zone(zone: str, applied: "Applied") -> None:
    """Be in another time zone.

    :raises SettingError: there is none of this name.
    """
    check_zone(zone)
    os.environ["TZ"] = zone
    time.tzset()
    applied.counts["time zone set"] += 1


def hasten(factor: float, applied: "Applied") -> None:
    """Let the project's own code read `factor` times as much time as passes from now on.

    Libraries and the standard library read the real time, so timeouts last as long as ever.
    """
    for name in SECONDS:
        _hasten(name, factor, applied, float)
    for name in NANOSECONDS:
        _hasten(name, factor, applied, int)


def _hasten(name: str, factor: float, applied: "Applied", kind: Callable[[float], float]) -> None:
    read: Callable[[], float] = getattr(time, name)
    began = read()

    def read_hastened() -> float:
        now = read()
        if not applied.is_called_by_own():
            return now
        applied.counts[f"time.{name} read"] += 1
        return kind(began + (now - began) * factor)

    applied.put(time, name, read_hastened)


def travel(instant: str, applied: "Applied") -> None:
    """Start the clock at an instant, or let it stand still.

    :raises SettingError: it is no instant, or time-machine is not installed.
    """
    start = read_instant(instant)
    import time_machine  # noqa: PLC0415  of the group `hunt`

    time_machine.travel(start, tick=instant != FROZEN).start()
    applied.counts["clock set"] += 1


def read_instant(instant: str) -> dt.datetime:
    """Read where the clock is to start, in the local zone where none is told.

    :raises SettingError: it is no instant, or time-machine is not installed.
    """
    if importlib.util.find_spec("time_machine") is None:
        way_out = "install it, or do without this condition"
        raise SettingError("clock", instant, "needs time-machine", way_out)
    try:
        start = dt.datetime.now(dt.UTC) if instant == FROZEN else dt.datetime.fromisoformat(instant)
    except ValueError:
        way_out = "give one such as 2027-12-31T23:59:59.9+00:00, or `frozen`"
        raise SettingError("clock", instant, "is no instant", way_out) from None
    return start if start.tzinfo is not None else start.astimezone()
