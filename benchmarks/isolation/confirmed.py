"""Leaks of well-known packages' tests that were confirmed by reading the code, one by one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A leak that is one, and why."""

    package: str
    resource: str
    culprit: str
    """A regular expression that the whole name of the culprit matches."""
    reason: str

    def is_about(self, package: str, resource: str, culprit: str) -> bool:
        """Tell whether this is the verdict on a reported leak."""
        is_there = (package, resource) == (self.package, self.resource)
        return is_there and re.fullmatch(self.culprit, culprit) is not None


CONFIRMED: Final[Sequence[Confirmed]] = ()
