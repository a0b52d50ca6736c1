"""The resource of the shared random generator: who has set a seed.

To read the generator's state makes 625 numbers, a fifth of what the whole first tier cost. Setting
a seed or a state also assigns the value that is kept for the next `gauss()`; so while the guard is
on, the generator has a class that counts those assignments, and only where there was one is the
state read. `gauss()` assigns it, too: that only costs a look.
"""

import random
from typing import Any, Final

from .resource import Change, Plain

TWISTS: Final = 3000
"""How many times the generator's 624 words may have been renewed between two tests, to be told from
a new seed: that is 900,000 calls of `random.random`, and takes about 60 ms to find out."""

FEW_TWISTS: Final = 100
"""The same, where one test after the other sets a seed."""

OFTEN: Final = 3
"""Seeds in a row from which a suite is one that sets them always."""

WORDS: Final = 624
"""Words of the Mersenne Twister's state (Matsumoto and Nishimura, 1998)."""

LONGEST: Final = 64
"""Looks without an assignment after which the state is read anew, so that it can still be told what
was drawn since."""

NEXT: Final = "gauss_next"

# Any: the generator behind the functions of `random` is private.
SHARED: Final[Any] = getattr(random, "_inst", None)


class Tripwire(random.Random):
    """The shared generator, which counts how often the value for the next `gauss()` was set."""

    __slots__ = ()
    count = 0

    @property
    def gauss_next(self) -> float | None:
        """The value that is kept for the next `gauss()`."""
        value: float | None = vars(self)[NEXT]
        return value

    @gauss_next.setter
    def gauss_next(self, value: float | None) -> None:
        Tripwire.count += 1
        vars(self)[NEXT] = value

    def __reduce__(self) -> tuple[Any, ...]:
        """Make each copy an ordinary generator."""
        return random.Random, (), self.getstate()


class RandomState(Plain):
    """Whether the shared generator of `random` was seeded anew; drawing from it is no change.

    A drawn-from Mersenne Twister has the words that it would have after some number of renewals
    of the words it had; a seeded one has others.
    """

    name = "random"
    remedy = "draw from random.Random(seed) of your own, or put random.getstate() back"

    def __init__(self) -> None:
        self._seen = random.getstate()
        self._origin = hash(self._seen[1])
        self._seeds = self._in_a_row = self._idle = 0
        self._is_ours = type(SHARED) is random.Random and hasattr(SHARED, NEXT)
        if self._is_ours:
            SHARED.__class__ = Tripwire
        self._has_tripwire = type(SHARED) is Tripwire
        self._count = Tripwire.count

    def close(self) -> None:
        """Give the generator its own class back."""
        if self._is_ours:
            SHARED.__class__ = random.Random

    def read(self) -> object:
        """Return how many times it was seeded anew."""
        if self._has_tripwire and self._count == Tripwire.count:
            self._idle += 1
            if self._idle == LONGEST:
                self._idle = 0
                self._seen = random.getstate()
            return self._seeds
        self._count = Tripwire.count
        return self._look()

    def _look(self) -> int:
        state = random.getstate()
        words, seen = state[1], self._seen[1]
        # Two words and the position tell a state whose words are the same: no need for all 624.
        is_near = words[0] == seen[0] and words[-2] == seen[-2] and words[-1] >= seen[-1]
        if not is_near and words != seen:
            twists = FEW_TWISTS if self._in_a_row >= OFTEN else TWISTS
            is_seeded = not _is_drawn(self._seen, state, twists)
            self._seeds += is_seeded
            self._in_a_row = self._in_a_row + 1 if is_seeded else 0
        self._seen = state
        return self._seeds

    def describe(self, _change: Change) -> tuple[str, str, str]:
        """Tell what happened: numbers would say nothing."""
        return "random.seed", "not seeded by a test", "seeded anew, or set to another state"

    def restore(self, _change: Change) -> bool:
        """Seed it anew, by what it was when the process began: that run again, this comes again."""
        random.seed(f"{self._origin}/{self._seeds}")
        self._seen = random.getstate()
        self._count = Tripwire.count
        return True


# A state of `random` is a version, words and a position, and a value kept for the next gauss().
def _is_drawn(before: tuple[Any, ...], after: tuple[Any, ...], twists: int) -> bool:
    """Tell whether drawing leads from one state to the other."""
    walker = random.Random()  # noqa: S311  it walks the path that the shared generator went
    walker.setstate(before)
    wanted = after[1][:-1]
    for _ in range(twists):
        walker.getrandbits(32 * WORDS)
        if walker.getstate()[1][:-1] == wanted:
            return True
    return False
