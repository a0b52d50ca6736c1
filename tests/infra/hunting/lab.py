"""The hands of a hunt: processes that have collected, and what they were asked."""

import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from .conditions import Conditions
from .oracle import Collection, Oracle
from .trials import Answer, Cast, Request, Sighting
from .undo import READ
from .verdicts import Tally

BASE_HASH_SEED: Final = 0
"""Under which all runs are made but those that vary it."""

REVERSED_FILES: Final = -1
"""Given in place of a hash seed: the base one, in a process that imports the files in reverse."""


class Progress(Protocol):
    """Where one hears how far the work is."""

    def update(self, text: str) -> None:
        """Say where it stands; the next saying takes its place."""

    def tell(self, text: str) -> None:
        """Say something that stays."""


@dataclass(frozen=True, slots=True)
class Run:
    """One cast that has run, and why."""

    axis: str
    """What was varied, as in `random order`."""
    request: Request
    number: int
    """Which cast of the request it is."""
    answer: Answer
    hash_seed: int = BASE_HASH_SEED

    @property
    def cast(self) -> Cast:
        """What ran."""
        return self.request.casts[self.number]

    @property
    def has_company(self) -> bool:
        """Whether others ran at the same time, in step."""
        return self.request.in_step and len(self.request.casts) > 1

    @property
    def has_load(self) -> bool:
        """Whether the machine was kept busy."""
        return bool(self.request.busy or self.request.writing)


@dataclass(frozen=True, slots=True)
class Seen:
    """One test in one run."""

    run: Run
    place: int
    """Its place among the run's sightings."""

    @property
    def sighting(self) -> Sighting:
        """How it went."""
        return self.run.answer.sightings[self.place]

    @property
    def prefix(self) -> tuple[int, ...]:
        """What ran before it in the same process."""
        return self.run.cast.tests[: self.place]


@dataclass(slots=True)
class Lab:
    """Asks, and remembers every answer."""

    arguments: Sequence[str]
    """Pytest's, but for the tests to run."""
    environ: Mapping[str, str]
    directory: Path
    targets: Sequence[str] = ()
    """The tests to run, as they were given; none: all."""
    deadline: float = float("inf")
    clock: Callable[[], float] = time.monotonic
    is_lonely: bool = False
    """Whether casts may not run at the same time, because tests use what is the machine's."""
    seen: dict[int, list[Seen]] = field(default_factory=dict)
    axes: dict[str, int] = field(default_factory=dict)
    patience_s: float = 20.0
    most_tests: float = float("inf")
    """How many tests one cast may run."""
    _oracles: dict[int, Oracle] = field(default_factory=dict)

    @property
    def collection(self) -> Collection:
        """The tests, as the base process collected them."""
        return self._get(BASE_HASH_SEED).collection

    def prepare(self, *hash_seeds: int) -> None:
        """Let processes start to collect that will be asked soon."""
        for seed in hash_seeds:
            self._get(seed)

    def is_over(self) -> bool:
        """Tell whether the budget is spent."""
        return self.clock() > self.deadline

    def run(self, axis: str, request: Request, hash_seed: int = BASE_HASH_SEED) -> list[Run]:
        """Let a request run, and remember how each test went."""
        if self.is_lonely and not request.in_step:
            request = replace(request, at_once=1)
        request = replace(request, patience_s=self.patience_s)
        answers = self._ask(request, hash_seed)
        runs = [
            Run(axis, request, number, answer, hash_seed) for number, answer in enumerate(answers)
        ]
        self.take_in(runs)
        return runs

    def take_in(self, runs: Sequence[Run]) -> None:
        """Remember runs, of this hunt or an earlier one."""
        for run in runs:
            self.axes[run.axis] = self.axes.get(run.axis, 0) + 1
            for place, sighting in enumerate(run.answer.sightings):
                if sighting.probe:
                    continue
                self.seen.setdefault(sighting.test, []).append(Seen(run, place))

    def try_out(
        self,
        axis: str,
        casts: Sequence[Cast],
        *,
        like: Request | None = None,
        hash_seed: int = BASE_HASH_SEED,
    ) -> list[Sighting]:
        """Run casts, two at a time where that is no difference; return how the last tests went.

        :param like: under the load of this request, and then one at a time.
        """
        has_load = like is not None and bool(like.busy or like.writing)
        request = Request(tuple(casts), at_once=1 if has_load else 2)
        if like is not None:
            request = replace(request, busy=like.busy, writing=like.writing)
        return list(find_last(self.run(axis, request, hash_seed)))

    def close(self) -> None:
        """End all processes."""
        for oracle in self._oracles.values():
            oracle.close()
        self._oracles.clear()

    def _get(self, hash_seed: int) -> Oracle:
        if hash_seed not in self._oracles:
            environ = {**self.environ, "PYTHONHASHSEED": str(max(hash_seed, BASE_HASH_SEED))}
            directory = self.directory / f"oracle-{hash_seed}-{os.urandom(2).hex()}"
            arguments = [*self.arguments, *self.targets]
            if hash_seed == REVERSED_FILES:
                files = list(dict.fromkeys(self.collection.files))
                arguments = [*self.arguments, *reversed(files)]
            self._oracles[hash_seed] = Oracle(arguments, environ, directory)
        return self._oracles[hash_seed]

    def _ask(self, request: Request, hash_seed: int) -> list[Answer]:
        oracle = self._get(hash_seed)
        if hash_seed == BASE_HASH_SEED:
            return oracle.ask(request)
        there = {nodeid: place for place, nodeid in enumerate(oracle.collection.nodeids)}
        here = {nodeid: place for place, nodeid in enumerate(self.collection.nodeids)}
        names = self.collection.nodeids
        casts = tuple(
            replace(
                cast,
                tests=tuple(there[names[test]] for test in cast.tests if names[test] in there),
            )
            for cast in request.casts
        )
        back = {there[nodeid]: place for nodeid, place in here.items() if nodeid in there}
        answers = oracle.ask(replace(request, casts=casts))
        return [
            replace(
                answer,
                sightings=tuple(
                    replace(one, test=back.get(one.test, -1)) for one in answer.sightings
                ),
            )
            for answer in answers
        ]


def find_last(runs: Sequence[Run]) -> Iterator[Sighting]:
    """Yield how the last test of each run went; one that was never reached crashed."""
    for run in runs:
        last = run.answer.last
        wanted = run.cast.tests[-1]
        if last is not None and last.test == wanted:
            yield last
        else:
            # A test before it ended the process; that says nothing about this one.
            yield Sighting(wanted, "missed")


def count(sightings: Sequence[Sighting]) -> Tally:
    """Count runs and failures."""
    known = [one for one in sightings if one.outcome != "missed"]
    return Tally(len(known), sum(one.is_failure for one in known))


def cast(*tests: int, conditions: Conditions | None = None, is_watched: bool = False) -> Cast:
    """Build a cast whose last test is the one that counts."""
    return Cast(tests, conditions or Conditions(), is_watched, is_brief=True)


def count_failures(lab: Lab, test: int) -> int:
    """Count the runs in which a test failed."""
    return sum(seen.sighting.is_failure for seen in lab.seen.get(test, ()))


def count_all(lab: Lab, test: int) -> Tally:
    """Count all runs of a test."""
    return Tally(len(lab.seen.get(test, ())), count_failures(lab, test))


def find_meetings(lab: Lab) -> list[tuple[int, int]]:
    """Return pairs of tests, also of one and itself, that touch what one of them changes."""
    users: dict[str, dict[int, bool]] = {}
    for test, seen in lab.seen.items():
        for kind, target in {touch for one in seen for touch in one.sighting.touches}:
            known = users.setdefault(target, {})
            known[test] = known.get(test, False) or kind != READ
    pairs: dict[tuple[int, int], None] = {}
    for tests in users.values():
        for one, other in itertools.combinations_with_replacement(sorted(tests), 2):
            if tests[one] or tests[other]:
                pairs[one, other] = None
    return list(pairs)
