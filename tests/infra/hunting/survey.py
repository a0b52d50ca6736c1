"""Which runs of the whole suite are made first, because each shows another kind of flaky test.

Pure.  The order is by what they tell for their cost: the suite twice in one process puts each test
before each other one and itself; orders are run serially, as workers thin the pairs out.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..sampling import count_accepting_passes
from .conditions import INTERLEAVED, Conditions
from .lab import BASE_HASH_SEED, REVERSED_FILES
from .traits import ANYTHING, Traits
from .trials import Cast, Request

HASH_SEEDS: Final = (1, 2, 3)
FEW_HASH_SEEDS: Final = (1,)
"""Where the project's own sources know no set; each seed is a process that collects."""

LOADS: Final = 3

ZONES: Final = ("EAST-14", "WEST+11", "EST5EDT,M3.2.0,M11.1.0")
"""POSIX texts, which need no database: 14 hours ahead, 11 behind, and one with summer time."""

CLOCKS: Final = ("2027-12-31T23:59:59.8+00:00", "2028-02-29T11:00:00+00:00")
CALM_CLOCK: Final = "2027-06-16T11:20:30.3+00:00"
"""An instant at which nothing turns over."""

BUSY_PER_CORE: Final = 3
"""So many busy processes for each processor made a wait that was too short fail in half of the
runs, where none of 30 failed without (`../shared/reference/isolation.md` measured the same)."""

ORDERED_TESTS: Final = 150
FEWEST_ORDERS: Final = 4
MOST_ORDERS: Final = 12

MANY_TIMES: Final = 12
"""How often the suite runs in one process, to see what is used up and not given back."""

RULERS: Final = {1: (), 3: (0, 1), 7: (0, 1, 3), 13: (0, 1, 4, 6)}
"""How far apart processes are in which up to so many tests run beside each other, in a circle.

Any two processes are apart by another number, and together by each that there is (a perfect
difference set), so that every pair of tests meets, and in half as many runs as by twos.
"""

FEW: Final = max(RULERS)
"""Of so many tests each runs beside each other one."""

ENOUGH_RUNS: Final = count_accepting_passes(p0=0.01, p1=0.10, alpha=0.05, beta=0.10)
"""So many passes, 24, accept a test as sound: it fails in 1% of its runs and not in 10%."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request of the survey."""

    axis: str
    request: Request
    hash_seed: int = BASE_HASH_SEED


def build_survey(
    tests: int,
    *,
    cores: int,
    seed: int,
    has_time_machine: bool,
    traits: Traits = ANYTHING,
) -> list[Step]:
    """Return what is run, the most telling first.

    :param seed: of the random orders, and of what the tests draw.
    """
    natural = tuple(range(tests))
    seeds = iter(range(seed * 1000 + 1, seed * 1000 + 1000))
    steps = [
        Step("natural order", Request((_cast(natural, next(seeds), is_watched=True),))),
        Step(
            "orders",
            Request(
                (
                    _cast((*natural, *natural), next(seeds)),
                    _cast(natural[::-1], next(seeds)),
                    *(
                        _cast(_shuffle(natural, next(seeds)), next(seeds))
                        for _ in range(choose_orders(tests))
                    ),
                ),
                at_once=2,
            ),
        ),
        Step("many times", Request((_cast(natural * MANY_TIMES, next(seeds)),))),
        *_build_company(natural, seeds),
        *_build_load(natural, cores, seeds, LOADS if traits.has_time else 1),
        *(
            Step("hash seed", Request((_cast(natural, next(seeds)),)), hash_seed)
            for hash_seed in choose_hash_seeds(traits)
        ),
        *_build_reverse(natural, seeds, traits),
        _vary("time zone", natural, [Conditions(zone=zone) for zone in ZONES], seeds),
        _vary("directory order", natural, [Conditions(listing=n) for n in (1, 2)], seeds),
        _vary("threads in turns", natural, [Conditions(threads=INTERLEAVED)] * 2, seeds),
    ]
    if has_time_machine:
        steps.append(_vary("clock", natural, [Conditions(clock=one) for one in CLOCKS], seeds))
    return steps


def choose_orders(tests: int) -> int:
    """Choose how many random orders are run: of few tests many, for they cost little.

    One order puts a polluter before its victim, and no cleaner between them, in a third of cases.
    """
    return min(max(ORDERED_TESTS // max(tests, 1), FEWEST_ORDERS), MOST_ORDERS)


def choose_hash_seeds(traits: Traits) -> tuple[int, ...]:
    """Choose the other hash seeds that are tried; a library's sets are left to the first one."""
    return HASH_SEEDS if traits.has_sets else FEW_HASH_SEEDS


def choose_processes(traits: Traits) -> tuple[int, ...]:
    """Choose the processes that collect besides the first one; see `Lab.prepare`."""
    return (*choose_hash_seeds(traits), *((REVERSED_FILES,) if traits.has_files else ()))


def build_repeats(tests: Sequence[int], runs: int, seed: int) -> Request:
    """Return runs in random orders, each with other random numbers."""
    numbers = range(seed, seed + runs)
    return Request(tuple(_cast(_shuffle(tests, one), one) for one in numbers), at_once=2)


def _build_company(natural: tuple[int, ...], seeds: Iterator[int]) -> Iterator[Step]:
    """Yield runs in which tests run beside each other: each beside itself, then beside others."""
    for pauses in (0, 1):
        own = Conditions(seed=next(seeds), pauses=pauses)
        beside_itself = Request((Cast(natural, own, is_watched=True),) * 2, in_step=True)
        yield Step("beside itself", beside_itself)
    for places in _choose_places(len(natural)):
        own = Conditions(seed=next(seeds))
        paused = replace(own, pauses=next(seeds))
        casts = tuple(
            Cast((*natural[place:], *natural[:place]), paused if turn % 2 else own, is_watched=True)
            for turn, place in enumerate(places)
        )
        yield Step("beside others", Request(casts, in_step=True))


def build_meetings(pairs: Sequence[tuple[int, int]], seed: int) -> Iterator[Request]:
    """Yield runs of two tests at a time that touch the same file, port or database.

    Each process pauses between its lines, else the moment in which both hold it would be missed.
    """
    for number, (one, other) in enumerate(pairs):
        own = Conditions(seed=seed + number, pauses=seed + number)
        yield Request(
            (Cast((one,), own, is_watched=True), Cast((other,), own, is_watched=True)),
            in_step=True,
        )


def _choose_places(tests: int) -> list[tuple[int, ...]]:
    """Choose at which test each of several processes begins, for one run or two."""
    fitting = [places for most, places in RULERS.items() if tests <= most]
    if fitting:
        return [fitting[0]] if fitting[0] else []
    return [RULERS[7], (0, tests // 3, tests // 2)]


def _build_reverse(
    natural: tuple[int, ...], seeds: Iterator[int], traits: Traits
) -> Iterator[Step]:
    if traits.has_files:
        yield Step("files in reverse", Request((_cast(natural, next(seeds)),)), REVERSED_FILES)


def _build_load(
    natural: tuple[int, ...], cores: int, seeds: Iterator[int], times: int
) -> Iterator[Step]:
    for _ in range(times):
        cast = _cast(natural, next(seeds))
        yield Step("load", Request((cast,), busy=BUSY_PER_CORE * cores, writing=1))


def _vary(
    axis: str, natural: tuple[int, ...], conditions: Sequence[Conditions], seeds: Iterator[int]
) -> Step:
    casts = tuple(Cast(natural, replace(one, seed=next(seeds))) for one in conditions)
    return Step(axis, Request(casts, at_once=2))


def _cast(tests: tuple[int, ...], seed: int, *, is_watched: bool = False) -> Cast:
    return Cast(tests, Conditions(seed=seed), is_watched)


def _shuffle(tests: Sequence[int], seed: int) -> tuple[int, ...]:
    shuffled = list(tests)
    random.Random(seed).shuffle(shuffled)  # noqa: S311  repeatable on purpose
    return tuple(shuffled)
