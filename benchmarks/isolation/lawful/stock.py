"""What the lawful tests are about: a module with caches, counters, a logger and lazy parts."""

import contextvars
import functools
import itertools
import logging
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import ModuleType

LOG = logging.getLogger("stock")
LOG.addHandler(logging.NullHandler())

USER: contextvars.ContextVar[str] = contextvars.ContextVar("USER", default="nobody")
IDS = itertools.count(1)
LOCK = threading.Lock()
MODE = "quiet"

_connection: "Connection | None" = None
_memo: dict[int, int] = {}
_calls = 0


@dataclass
class Connection:
    """A singleton that is made when it is first asked for."""

    address: str = "nowhere"
    seen: set[str] = field(default_factory=set)


@functools.lru_cache(maxsize=64)
def count_ways(steps: int) -> int:
    """Count the ways up a staircase; pure.

    >>> count_ways(4)
    5
    """
    return 1 if steps < 2 else count_ways(steps - 1) + count_ways(steps - 2)


def square(number: int) -> int:
    """Square a number once only.

    >>> import os, tempfile
    >>> square(3)
    9
    """
    if number not in _memo:
        _memo[number] = number * number
    return _memo[number]


def get_connection() -> Connection:
    """Return the one connection."""
    global _connection  # noqa: PLW0603  a lazy singleton, as many libraries have it
    if _connection is None:
        _connection = Connection()
    return _connection


def count_call() -> int:
    """Count this call."""
    global _calls  # noqa: PLW0603  a counter, as many libraries have it
    _calls += 1
    return _calls


def send(text: str) -> str:
    """Send something."""
    LOG.info("sending %s", text)
    return f"sent {text}"


@functools.cache
def get_pool() -> ThreadPoolExecutor:
    """Return the one pool, which is started when it is first asked for."""
    return ThreadPoolExecutor(2, "stock")


class Loader:
    """Registers a module that goes when it goes, as some template loaders do."""

    def __init__(self) -> None:
        self.module = ModuleType(f"stock_loaded_{id(self):x}")
        name = self.module.__name__
        proxy = weakref.proxy(self.module, lambda _gone: sys.modules.pop(name, None))
        vars(sys)["modules"][name] = proxy


class Depot:
    """Parts by name."""

    limit = 3

    def __init__(self) -> None:
        self.parts: dict[str, int] = {}

    @functools.cached_property
    def total(self) -> int:
        """Return how many there are."""
        return sum(self.parts.values())
