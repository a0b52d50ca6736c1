"""The orders that a suite can be run in, and which of its tests are chosen; pure.

`--order` takes `natural` (pytest's own), `reverse`, `twice` (the whole suite, then once more, in
the same process) or `random:SEED`, and `twice:` before the other ones.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

ORDER: Final = re.compile(r"(?:(twice)(?::(?=.)|$))?(natural|reverse|random:\w+)?")


class Named(Protocol):
    """As much of a test as an order needs."""

    @property
    def nodeid(self) -> str:
        """Its node id."""


Test = TypeVar("Test", bound=Named)


def is_order(text: str) -> bool:
    """Tell whether a text names an order."""
    return bool(text) and ORDER.fullmatch(text) is not None


def is_chosen(nodeid: str, only: Sequence[str], without: Sequence[str]) -> bool:
    """Tell whether a test is to run; a name without parameters stands for all of them."""
    names = {nodeid, nodeid.partition("[")[0]}
    return (not only or bool(names & set(only))) and not names & set(without)


def put_in_order(items: Sequence[Test], order: str) -> list[Test]:
    """Return the tests in an order.

    A random one depends on seed and node id alone, so two tests keep their order when others are
    left out, or are collected in another order.
    """
    kind, _, seed = order.removeprefix("twice:").partition(":")
    if kind == "reverse":
        return list(reversed(items))
    if kind == "random":
        return sorted(items, key=lambda item: _digest(f"{seed}:{item.nodeid}"))
    return list(items)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
