"""What verbs that take long have in common: a budget that can be read, and interrupts."""

import contextlib
import re
import signal
import threading
from collections.abc import Iterator
from typing import Final

from ..errors import SettingError

UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


def parse_budget(text: str) -> float:
    """Read a time such as `90s`, `5m`, `1h30m` or `300`, in seconds.

    :raises SettingError: it is no time.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh]?)", text)
    is_time = re.fullmatch(r"(\d+(\.\d+)?[smh])*(\d+(\.\d+)?[smh]?)", text)
    budget_s = sum(float(number) * UNITS[unit] for number, unit in parts)
    if not is_time or not budget_s:
        raise SettingError("--budget", text, "is no time", "give one such as 90s, 5m or 1h30m")
    return budget_s


@contextlib.contextmanager
def hear_interrupts() -> Iterator[None]:
    """Let SIGINT and SIGTERM interrupt us: a shell's background job ignores the first one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
