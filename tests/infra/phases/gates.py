"""What a gate is: a name, a question to the evidence, and the verdict with its figure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from .evidence import Evidence

SHOWN_DETAILS: Final = 10


class Verdict(Enum):
    """How a gate was judged."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    NOT_RUN = "NOT RUN"
    """The repository names nothing that it could look at."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and what it rests on."""

    verdict: Verdict
    figure: str
    """What was counted or measured."""
    details: tuple[str, ...] = ()
    remedy: str = ""
    """The way out, where it did not pass."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One question that a phase asks."""

    phase: int
    number: int
    name: str
    judge: Callable[[Evidence], Judgement]
    """Raises `InfraError` for a mistake in what the user gave."""
    list_files: Callable[[Evidence], Iterable[Path]] = lambda _: ()
    """Which files judging may change or make."""

    @property
    def title(self) -> str:
        """What it is called in every text."""
        return f"Phase {self.phase} Gate {self.number}"


def build_pass(figure: str, *details: str) -> Judgement:
    """Return that a gate passed."""
    return Judgement(Verdict.PASSED, figure, details)


def build_failure(figure: str, remedy: str, *details: str) -> Judgement:
    """Return that a gate failed, with the way out."""
    shown = details[:SHOWN_DETAILS]
    more = len(details) - len(shown)
    return Judgement(
        Verdict.FAILED, figure, (*shown, f"... and {more} more") if more else shown, remedy
    )
