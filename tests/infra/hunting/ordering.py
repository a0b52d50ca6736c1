"""Tests whose outcome follows from what ran before them: victims, brittle ones, second runs."""

from collections.abc import Sequence
from typing import Final

from .axes import distinct, is_plain
from .bench import BELIEVED, RARE, SEEDS, SURE, Bench, find_tries
from .chances import find_chance_of_more
from .conditions import Conditions
from .finding import Finding, Recipe
from .lab import Seen, cast, count
from .minimise import minimise
from .sequential import SequentialTest, repeat
from .trials import Cast, Request, Sighting
from .verdicts import Evidence, Kind, Tally

MOST_CLEANERS: Final = 60

FEW_RUNS: Final = 4
MANY_RUNS: Final = 12
"""How often a polluter is confirmed: where it always comes, and where it comes and goes."""

MANY: Final = 64
FEW: Final = 4
PROBES: Final = 8
"""A list that is long is narrowed down to few, by trying the test at so many places of a half."""

MOST_PREFIXES: Final = 3
"""How many of the failing orders are tried again; the shortest come first."""


def find_setters(bench: Bench, passes: Sequence[Seen], alone: Sequence[Sighting]) -> Finding | None:
    """Find the tests that a brittle one needs before it."""
    serial = [one for one in passes if is_plain(one)]
    if not serial:
        return None
    best = min(serial, key=lambda seen: len(seen.prefix))
    found = minimise(
        best.prefix,
        lambda lists: [not one.is_failure for one in bench.try_after(lists)],
        hints=bench.hints,
        budget=bench.build_budget(),
    )
    if not found.is_failing or not found.kept:
        return None
    after = bench.try_after([found.kept] * 6)
    if count(after).failures:
        return None
    change = f"{len(found.kept)} tests before it" if len(found.kept) > 1 else "one test before"
    return Finding(
        Kind.BRITTLE,
        bench.test,
        culprits=found.kept,
        evidence=(Evidence(change, count(alone), count(after), "they ran before it"),),
        recipe=Recipe((bench.test,)),
        cure=Recipe((*found.kept, bench.test)),
        sighting=alone[0],
        is_minimal=found.is_minimal,
    )


def explain_order(bench: Bench, failures: Sequence[Seen], alone: Tally) -> Finding | None:
    """Find what must run before a test that passes alone, so that it fails."""
    serial = sorted((one for one in failures if is_plain(one)), key=lambda s: len(s.prefix))
    # Where it fails alone, too, a few runs in some order show nothing.
    if not serial or alone.failures > RARE * alone.runs:
        return None
    if (found := _find_second_run(bench)) is not None:
        return found
    for seen in distinct(serial)[:MOST_PREFIXES]:
        again = count(bench.try_after([seen.prefix] * 2, seen.run))
        if again.failures:
            if again.failures < again.runs:
                again += count(bench.try_after([seen.prefix] * MANY_RUNS, seen.run))
            return find_polluters(bench, seen, again, alone)
    return None


def _find_second_run(bench: Bench) -> Finding | None:
    """Try it after itself; alone runs in between show whether it fails by itself just now."""
    after, before = bench.try_after([(bench.test,)] * 3), bench.try_alone(SEEDS[:3])
    if count(after).failures < len(after):
        return None
    after += bench.try_after([(bench.test,)] * 3)
    before += bench.try_alone(SEEDS[3:6])
    if find_chance_of_more(count(before), count(after)) >= SURE:
        return None
    return Finding(
        Kind.SECOND_RUN,
        bench.test,
        evidence=(
            Evidence("itself before it", count(before), count(after), "it ran twice in a row"),
        ),
        recipe=Recipe((bench.test, bench.test)),
        cure=Recipe((bench.test,)),
        sighting=after[0],
    )


def find_polluters(bench: Bench, seen: Seen, with_all: Tally, alone: Tally) -> Finding | None:
    """Find the smallest list of tests after which it fails; a failure may come and go."""
    prefix = tuple(dict.fromkeys(seen.prefix))
    is_shorter = len(prefix) < len(seen.prefix)
    if is_shorter and not count(bench.try_after([prefix] * 2, seen.run)).failures:
        prefix = seen.prefix

    def fails(lists: Sequence[Sequence[int]]) -> list[bool | None]:
        return [one.is_failure for one in bench.try_after(lists, seen.run)]

    is_sure = with_all.failures == with_all.runs
    if is_sure and len(prefix) > MANY:
        prefix = _narrow(bench, seen, prefix)
    oracle = fails if is_sure else repeat(fails, SequentialTest.from_tally(with_all, alone))
    found = minimise(prefix, oracle, hints=bench.hints, budget=bench.build_budget())
    if not found.is_failing or not found.kept:
        return None
    times = FEW_RUNS if is_sure else MANY_RUNS
    after = bench.try_after([found.kept] * times, seen.run)
    before = bench.try_after([()] * times, seen.run)
    if find_chance_of_more(count(before), count(after)) >= BELIEVED:
        return None
    if not is_sure:
        # The search has picked what failed most, be it by chance.
        after += bench.try_after([found.kept] * times, seen.run)
        before += bench.try_after([()] * times, seen.run)
        if find_chance_of_more(count(before), count(after)) >= SURE:
            return None
    tries = 1 if is_sure else find_tries(count(after))
    conditions = Conditions() if is_sure else seen.run.cast.conditions
    return Finding(
        Kind.VICTIM,
        bench.test,
        culprits=found.kept,
        evidence=(
            Evidence("its polluters before it", count(before), count(after), "they ran before it"),
        ),
        recipe=Recipe((*found.kept, bench.test), conditions, tries=tries),
        cure=Recipe((bench.test,)),
        sighting=next(one for one in after if one.is_failure),
        is_minimal=found.is_minimal,
    )


def _narrow(bench: Bench, seen: Seen, prefix: tuple[int, ...]) -> tuple[int, ...]:
    """Narrow a long list down: both halves race, and the test is tried on the way of each.

    What ran before the first place at which it fails is enough; if the last stretch of that is
    enough by itself, one polluter is in it.  Where two are needed, no half fails.
    """
    enough = prefix
    while len(prefix) > FEW:
        middle = len(prefix) // 2
        failing = _race(bench, seen, (prefix[:middle], prefix[middle:]))
        if failing is None:
            return enough
        enough, prefix = failing
    return enough if len(enough) < len(prefix) else prefix


def _race(
    bench: Bench, seen: Seen, halves: Sequence[tuple[int, ...]]
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Let lists race; return what is enough of the one that fails first, and its last stretch."""
    conditions = seen.run.cast.conditions
    steps = [max(len(half) // PROBES, 1) for half in halves]
    casts = tuple(
        Cast(
            (*half, bench.test),
            conditions,
            is_brief=True,
            probes=tuple(range(step, len(half), step)),
        )
        for half, step in zip(halves, steps, strict=True)
    )
    request = Request(casts, at_once=len(casts), is_race=True)
    runs = bench.lab.run("after others, probed", request)
    for half, step, run in zip(halves, steps, runs, strict=True):
        ends = [
            one.probe or len(half)
            for one in run.answer.sightings
            if one.test == bench.test and one.is_failure
        ]
        if ends:
            return half[: ends[0]], half[max(ends[0] - step, 0) : ends[0]]
    return None


def find_cleaners(bench: Bench, finding: Finding) -> tuple[int, ...]:
    """Return the tests that take back what the polluters left."""
    others = [
        test
        for test in range(len(bench.lab.collection.nodeids))
        if test != bench.test and test not in finding.culprits
    ]
    if finding.kind is not Kind.VICTIM or len(others) > MOST_CLEANERS:
        return ()
    conditions = finding.recipe.conditions
    found = others
    for _ in range(2):
        lists = [(*finding.culprits, other) for other in found]
        casts = [cast(*one, bench.test, conditions=conditions) for one in lists]
        after = bench.lab.try_out("with a cleaner", casts) if casts else []
        found = [t for t, one in zip(found, after, strict=True) if one.outcome == "passed"]
    return tuple(found)
