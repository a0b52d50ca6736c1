"""Holds what a planted mistake is; leaves the mistakes to the tables in planted_*."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SUITE: Final = "tests/suite"


class Kind(StrEnum):
    """The kinds of mistakes that tools make."""

    VERB = "wrong verb"
    PATH = "wrong path"
    VMID = "wrong vmid"
    NODE = "wrong node"
    UNKNOWN = "unknown parameter"
    VALUE = "wrong parameter type or value"
    SWALLOWED = "swallowed error"
    WAIT = "missing wait"
    RESULT = "wrong result read"
    CONDITION = "inverted condition"


@dataclass(frozen=True, slots=True)
class Fault:
    """One edit: in `function` (name or Class.name) of `file`, `old` becomes `new`.

    `suite` is the directory whose tests must notice.
    """

    name: str
    kind: Kind
    file: str
    function: str
    old: str
    new: str
    suite: str = f"{SUITE}/vm_lifecycle"
