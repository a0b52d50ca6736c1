"""Holds what a scenario is, and gathers them; leaves playing them to the test."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.truth.play import Play

Describe = Callable[[ProxmoxAPIMockBuilder], object]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A list of requests that is played on both servers, after the same description."""

    name: str
    describe: Describe
    act: Callable[[Play], None]


class Scenarios:
    """The scenarios of one area, in the order of their definition."""

    def __init__(self) -> None:
        self.all: list[Scenario] = []

    def add(
        self, describe: Describe = lambda _builder: None
    ) -> Callable[[Callable[[Play], None]], Callable[[Play], None]]:
        """Take a function as a scenario; `describe` prepares the cluster for both servers."""

        def take(act: Callable[[Play], None]) -> Callable[[Play], None]:
            self.all.append(Scenario(act.__name__, describe, act))
            return act

        return take
