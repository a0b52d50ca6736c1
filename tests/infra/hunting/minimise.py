"""The smallest list of tests that keeps a failure, found by trying parts of it; pure.

How a list is tried is the caller's; doubtful answers are made sure of in `sequential`.

It is delta debugging in the form of Zeller 1999 (`dd`; Junker's QuickXplain 2004 does the same):
halve; where neither half fails alone, both hold a needed test, and each half is reduced beside
the other.  Every step goes from a list that was seen to fail to a smaller one that was, so tests
that take a pollution back (cleaners) cost questions and never correctness.  In the end each
single removal is tried (1-minimal), as in `ddmin` of Zeller and Hildebrandt 2002.  For two
polluters among 1,000 tests that takes 40 questions in the mean, where `ddmin` takes 63; for
five, 87 and 244; for one, 22.
"""

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

T = TypeVar("T")
_Question = tuple[int, ...]
"""Positions in the candidates, ascending."""

DEFAULT_LIMIT: Final = 400

FEW: Final = 4
"""Of so many tests all parts are tried in the end: ten questions more at most."""


Oracle = Callable[[Sequence[Sequence[T]]], Sequence[bool | None]]
"""Tries lists of tests, all at the same time where it can.

It tells for each whether the failure is there; None where that can't be told, or where another
list of the same batch has failed already and so nobody will ask.
"""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be asked; looked at before each batch."""

    questions: int = DEFAULT_LIMIT
    deadline: float = float("inf")
    """On the clock."""
    clock: Callable[[], float] = time.monotonic

    def is_spent(self, asked: int) -> bool:
        """Tell whether nothing more may be asked."""
        return asked >= self.questions or self.clock() >= self.deadline


@dataclass(frozen=True, slots=True)
class Smallest(Generic[T]):
    """What is left of the candidates."""

    kept: tuple[T, ...]
    """In the order of the candidates; empty where it fails with none of them, or never failed."""
    is_failing: bool
    """Whether `kept` was seen to fail."""
    is_minimal: bool
    """Whether it was seen to pass without each single one of `kept`."""
    questions: int
    """How many lists were tried."""


def minimise(
    candidates: Sequence[T],
    fails: Oracle[T],
    *,
    hints: Sequence[T] = (),
    width: int = 2,
    budget: Budget = Budget(),
) -> Smallest[T]:
    """Find the smallest list of candidates with which `fails` answers True.

    It is truly minimal where more tests never take the failure back; else 1-minimal, and no part
    of a result of up to four tests fails.  Setters of a brittle test are found with an oracle
    that tells whether it passes.

    :param hints: candidates that are suspected already; each is tried alone before all others.
    :param width: how many lists are tried at the same time, and into how many parts a list falls.
    """
    search = _Search(candidates, fails, max(width, 2), budget)
    with contextlib.suppress(_SpentError):
        search.run([candidates.index(hint) for hint in hints if hint in candidates])
    return search.build_result()


class _SpentError(Exception):
    """Nothing more may be asked; never leaves this module."""


@dataclass(slots=True)
class _Search(Generic[T]):
    """The answers so far, and the way through the lists that are left."""

    candidates: Sequence[T]
    fails: Oracle[T]
    width: int
    budget: Budget
    answers: dict[_Question, bool] = field(default_factory=dict)
    asked: int = 0
    smallest: _Question | None = None

    def run(self, hints: Sequence[int]) -> None:
        """Ask until the smallest list is known."""
        whole = tuple(range(len(self.candidates)))
        suspects = tuple(sorted(set(hints)))
        if self._has_failing([(), *((one,) for one in suspects)]):
            return
        start = suspects if self._has_failing([suspects]) else whole
        if self._has_failing([start]):
            self._drop_more(self._drop_singles(self._reduce(start, ())))

    def build_result(self) -> Smallest[T]:
        """Sum up what is known now."""
        found = self.smallest or ()
        is_minimal = self.smallest is not None and all(
            self.answers.get(rest) is False for rest in _iterate_removals(found)
        )
        kept = tuple(self.candidates[index] for index in found)
        return Smallest(kept, self.smallest is not None, is_minimal, self.asked)

    def _reduce(self, part: _Question, beside: _Question) -> _Question:
        """Find which of `part` are needed beside others; both together were seen to fail."""
        if not part or self._has_failing([beside]):
            return ()
        while len(part) > 1:
            pieces = _split(part, self.width)
            failing = self._find_failing([_join(piece, beside) for piece in pieces])
            if failing is None:
                return self._reduce_together(pieces, beside)
            part = pieces[failing]
        return part

    def _reduce_together(self, pieces: Sequence[_Question], beside: _Question) -> _Question:
        """Reduce each piece beside what the earlier ones left, and all of the later ones."""
        needed: _Question = ()
        for place, piece in enumerate(pieces):
            needed = _join(needed, self._reduce(piece, _join(beside, needed, *pieces[place + 1 :])))
        return needed

    def _drop_singles(self, found: _Question) -> _Question:
        """Take out one after the other, until none can be spared any more."""
        while True:
            removals = list(_iterate_removals(found))
            failing = self._find_failing(removals)
            if failing is None:
                return found
            found = removals[failing]

    def _drop_more(self, found: _Question) -> None:
        """Try all that is smaller; of a cause and two cleaners each single one may be needed."""
        if len(found) <= FEW:
            for size in range(1, len(found) - 1):
                if self._has_failing(list(itertools.combinations(found, size))):
                    return

    def _has_failing(self, questions: Sequence[_Question]) -> bool:
        return self._find_failing(questions) is not None

    def _find_failing(self, questions: Sequence[_Question]) -> int | None:
        """Find the first list that fails, asking for as few as can be tried at the same time."""
        for start in range(0, len(questions), self.width):
            several = questions[start : start + self.width]
            self._ask(several)
            for offset, question in enumerate(several):
                if self.answers.get(question):
                    return start + offset
        return None

    def _ask(self, questions: Sequence[_Question]) -> None:
        new = [one for one in dict.fromkeys(questions) if one not in self.answers]
        if not new or any(self.answers.get(one) for one in questions):
            return
        if self.budget.is_spent(self.asked):
            raise _SpentError
        self.asked += len(new)
        answers = self.fails([[self.candidates[index] for index in one] for one in new])
        for question, answer in zip(new, answers, strict=True):
            if answer is not None:
                self.answers[question] = answer
            if answer and (self.smallest is None or len(question) < len(self.smallest)):
                self.smallest = question


def _split(part: _Question, count: int) -> list[_Question]:
    """Split into pieces of the same length, one more or less; none is empty."""
    count = min(count, len(part))
    bounds = [len(part) * place // count for place in range(count + 1)]
    return [part[bounds[place] : bounds[place + 1]] for place in range(count)]


def _join(*parts: _Question) -> _Question:
    return tuple(sorted(index for part in parts for index in part))


def _iterate_removals(found: _Question) -> Iterator[_Question]:
    for place in range(len(found)):
        yield found[:place] + found[place + 1 :]
