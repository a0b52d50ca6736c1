"""The hands of a diagnosis: one test, run alone, after others, beside one, under a change."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from .chances import find_chance_of_more, find_interval
from .conditions import Conditions
from .lab import BASE_HASH_SEED, Lab, Run, Seen, cast, count
from .minimise import Budget
from .survey import BUSY_PER_CORE, CALM_CLOCK
from .trials import Request, Sighting
from .verdicts import Tally

SEEDS: Final = (101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112)
"""Of what a test draws at random when it runs alone."""

QUESTIONS: Final = 200

ALONE: Final = "alone"
BESIDE: Final = "beside one other"

SURE: Final = 0.01
"""How probable it may be that what was changed makes no difference."""

BELIEVED: Final = 0.05
"""The same, where a search has singled the change out already."""

RARE: Final = 0.1

ENOUGH: Final = 12
"""Enough to rule chance out with few more."""

MOST_TRIES: Final = 50
LEAST_TRIES: Final = 3
SLACK: Final = 4
"""A race that came 5 of 5 times while other hunts ran came in 4 of 10 times six tries later on."""


@dataclass(slots=True)
class Bench:
    """Runs one test, and knows all runs of it."""

    lab: Lab
    test: int
    cores: int
    has_time_machine: bool
    hints: Sequence[int] = ()
    """Tests that are suspected already to leave something."""
    _under_load: Tally | None = None

    def try_alone(
        self,
        seeds: Sequence[int],
        *,
        conditions: Conditions | None = None,
        hash_seed: int = BASE_HASH_SEED,
    ) -> list[Sighting]:
        """Run the test alone, once with each seed."""
        base = conditions or Conditions()
        casts = [cast(self.test, conditions=replace(base, seed=seed)) for seed in seeds]
        axis = ALONE if hash_seed == BASE_HASH_SEED and conditions is None else "alone, changed"
        return self.lab.try_out(axis, casts, hash_seed=hash_seed)

    def try_after(
        self,
        lists: Sequence[Sequence[int]],
        run: Run | None = None,
        conditions: Conditions | None = None,
    ) -> list[Sighting]:
        """Run the test after each of the lists, under the conditions of a run."""
        own = conditions or (run.cast.conditions if run else Conditions(seed=SEEDS[0]))
        casts = [cast(*before, self.test, conditions=own) for before in lists]
        hash_seed = run.hash_seed if run else BASE_HASH_SEED
        return self.lab.try_out("after others", casts, hash_seed=hash_seed)

    def try_beside(self, other: int, times: int, start: int = 0) -> list[Sighting]:
        """Run the test beside another one so many times, each process with pauses of its own.

        Where the other one was judged before, and this one ran beside it for that, it is known.
        """
        known = {} if other == self.test else self._find_beside(other)
        found: list[Sighting] = []
        for number in range(start, start + times):
            if number in known:
                found.append(known[number])
                continue
            seed = Conditions(seed=SEEDS[0], pauses=number)
            casts = (
                cast(self.test, conditions=seed, is_watched=True),
                cast(other, conditions=seed, is_watched=True),
            )
            # Who comes first by a hair may be decided by the order of their forks.
            ordered = casts if number % 2 else casts[::-1]
            runs = self.lab.run(BESIDE, Request(ordered, in_step=True))
            found.extend(
                run.answer.last
                for run in runs
                if run.cast is casts[0] and run.answer.last is not None
            )
        return found

    def _find_beside(self, other: int) -> dict[int, Sighting]:
        """Find how the test went beside another one, by the number of the pauses."""
        return {
            seen.run.cast.conditions.pauses: seen.sighting
            for seen in self.find(lambda seen: seen.run.axis == BESIDE)
            if any(one.tests == (other,) for one in seen.run.request.casts)
        }

    def run_under(self, words: str, conditions: Conditions, times: int) -> list[Run]:
        """Run the test alone under conditions that have a name."""
        casts = (cast(self.test, conditions=conditions),) * times
        return self.lab.run(words, Request(casts, at_once=2))

    def measure(self, load: Request) -> Tally:
        """Measure once how often it fails alone under load."""
        if self._under_load is None:
            self._under_load = self._measure(10, load)
        return self._under_load

    def measure_again(self, before: Tally, times: int, load: Request | None = None) -> Tally:
        """Run it as before, and return all runs; only the new ones where it fares otherwise now.

        What else the machine does changes how often a deadline is kept.
        """
        now = self._measure(times, load)
        chances = find_chance_of_more(before, now), find_chance_of_more(now, before)
        if min(chances) >= BELIEVED:
            return before + now
        return now + self._measure(ENOUGH, load)

    def _measure(self, times: int, load: Request | None) -> Tally:
        plain = [cast(self.test, conditions=Conditions(seed=SEEDS[0]))] * times
        axis = ALONE if load is None else "load"
        return count(self.lab.try_out(axis, plain, like=load))

    def is_fair(self, conditions: Conditions) -> bool:
        """Tell whether it is the instant, and not that the clock was set at all.

        The times of files and of other programs are the machine's, and don't go with it.
        """
        if not conditions.clock:
            return True
        calm = Conditions(seed=SEEDS[0], clock=CALM_CLOCK)
        return not any(one.is_failure for one in self.try_alone(SEEDS[:1] * 2, conditions=calm))

    def find(self, wanted: Callable[[Seen], bool]) -> list[Seen]:
        """Return the runs of the test that are wanted, the first ones first."""
        return [seen for seen in self.lab.seen.get(self.test, ()) if wanted(seen)]

    def build_load(self) -> Request:
        """Build the load under which waits that are too short show."""
        return Request((), busy=BUSY_PER_CORE * self.cores, writing=1)

    def build_budget(self) -> Budget:
        """Build how much a search for tests may ask."""
        return Budget(QUESTIONS, self.lab.deadline, self.lab.clock)


def find_tries(tally: Tally) -> int:
    """Return how often to try so that at least one failure comes, with 99%.

    By the lower end of the rate's interval, as few runs were seen, and some times as often, as
    elsewhere it may fail less.  More tries than are needed cost nothing: the first failure is the
    last try.
    """
    rate, _ = find_interval(tally)
    if rate <= 0:
        return MOST_TRIES
    tries = max(math.ceil(math.log(0.01) / math.log(1 - rate)), LEAST_TRIES)
    return min(SLACK * tries, MOST_TRIES)
