"""Simulated suites, as the tests of a hunt's experiments need them: no process, no waiting.

In a world a test's outcome is a function of the moment in which it runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.infra.hunting import diagnosis
from tests.infra.hunting.bench import Bench
from tests.infra.hunting.conditions import ORDINARY, Conditions
from tests.infra.hunting.finding import Finding
from tests.infra.hunting.lab import BASE_HASH_SEED, Lab, Run, count_failures
from tests.infra.hunting.oracle import Collection
from tests.infra.hunting.survey import build_survey
from tests.infra.hunting.trials import Answer, Cast, Ending, Request, Sighting

CORES = 2

TARGET = 3
"""The test that is hunted in most worlds."""


MOST_SURVEYS = 100


@dataclass(frozen=True, slots=True)
class Moment:
    """All that a test's outcome may depend on."""

    test: int
    prefix: tuple[int, ...]
    conditions: Conditions
    hash_seed: int
    busy: int
    beside: tuple[int, ...]
    """What runs in other processes at the same step."""
    count: int
    """How often any test has run before."""

    def is_often(self, share: int) -> bool:
        """Tell whether it is one of so many moments: chance, but the same in each run."""
        return self.count * 2654435761 % 2**32 // 7 % share == 0


Fails = Callable[[Moment], bool]
Touches = Callable[[int], tuple[tuple[str, str], ...]]


def touch_nothing(_test: int) -> tuple[tuple[str, str], ...]:
    """Touch nothing, as most tests do."""
    return ()


@dataclass
class World(Lab):
    """A lab whose processes are simulated."""

    fails: Fails = lambda _moment: False
    tests: int = 6
    touches: Touches = touch_nothing
    count: int = 0
    asked: list[Request] = field(default_factory=list)

    @property
    def collection(self) -> Collection:
        """The tests by number."""
        names = tuple(f"t.py::test_{test}" for test in range(self.tests))
        return Collection(names, ("/srv/t.py",) * self.tests, Path("/srv"))

    def survey(self, seed: int = 7) -> None:
        """Make the runs that a hunt begins with."""
        for step in build_survey(self.tests, cores=CORES, seed=seed, has_time_machine=True):
            self.run(step.axis, step.request, step.hash_seed)

    def _ask(self, request: Request, hash_seed: int) -> list[Answer]:
        self.asked.append(request)
        return [
            self._answer(request, number, cast, hash_seed)
            for number, cast in enumerate(request.casts)
        ]

    def _answer(self, request: Request, number: int, cast: Cast, hash_seed: int) -> Answer:
        sightings = []
        others = [one.tests for place, one in enumerate(request.casts) if place != number]
        for place, test in enumerate(cast.tests):
            beside = [one[place] for one in others if place < len(one)]
            moment = Moment(
                test=test,
                prefix=cast.tests[:place],
                conditions=cast.conditions,
                hash_seed=hash_seed,
                busy=request.busy,
                beside=tuple(beside) if request.in_step else (),
                count=self.count,
            )
            self.count += 1
            sightings.append(self._see(moment, cast))
        is_changed = replace(cast.conditions, seed=0) != ORDINARY
        applied = {"seeded": 1, **({"changes": 1} if is_changed else {})}
        return Answer(tuple(sightings), Ending.COMPLETE, applied)

    def _see(self, moment: Moment, cast: Cast) -> Sighting:
        has_failed = self.fails(moment)
        return Sighting(
            moment.test,
            "failed" if has_failed else "passed",
            start_s=float(moment.count),
            stop_s=moment.count + 0.5,
            fingerprint="AssertionError t.py:1" if has_failed else "",
            touches=self.touches(moment.test) if cast.is_watched else (),
        )


def make_world(
    fails: Fails = lambda _moment: False, *, tests: int = 6, touches: Touches = touch_nothing
) -> World:
    """Make a world of so many tests."""
    return World((), {}, Path("/srv"), fails=fails, tests=tests, touches=touches)


def diagnose(world: World, test: int = TARGET, *, hints: Sequence[int] = ()) -> Finding | None:
    """Survey a world until one of its tests fails, and find out why."""
    for seed in range(7, 7 + MOST_SURVEYS):
        if count_failures(world, test):
            break
        world.survey(seed)
    assert count_failures(world, test), "no survey made it fail"
    return next(diagnosis.diagnose(make_bench(world, test, hints=hints)), None)


def make_bench(world: World, test: int = TARGET, *, hints: Sequence[int] = ()) -> Bench:
    """Make the hands for experiments on one test of a world."""
    return Bench(world, test, CORES, has_time_machine=True, hints=hints)


def make_run(  # noqa: PLR0913  each is one column of a table of tests
    *outcomes: str,
    axis: str = "natural order",
    conditions: Conditions = ORDINARY,
    hash_seed: int = BASE_HASH_SEED,
    casts: int = 1,
    busy: int = 0,
    touches: Touches = touch_nothing,
) -> Run:
    """Make a run of tests 0, 1, … with these outcomes; with several casts, in step."""
    tests = tuple(range(len(outcomes)))
    request = Request((Cast(tests, conditions),) * casts, in_step=casts > 1, busy=busy)
    sightings = [
        Sighting(test, outcome, float(test), test + 0.5, touches=touches(test))
        for test, outcome in enumerate(outcomes)
    ]
    return Run(axis, request, 0, Answer(tuple(sightings), Ending.COMPLETE), hash_seed)
