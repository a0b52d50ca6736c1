"""Tests that fail beside another one, in another process, at the same time."""

from collections.abc import Sequence
from typing import Final

from .axes import find_neighbours
from .bench import SEEDS, SURE, Bench, find_tries
from .chances import find_chance_of_more
from .conditions import Conditions
from .finding import Finding, Recipe
from .lab import Seen, count, find_meetings
from .trials import Sighting
from .verdicts import Evidence, Kind

MOST_NEIGHBOURS: Final = 20

FIRST_MEETINGS: Final = 8
MOST_MEETINGS: Final = 64
FEW_ALONE: Final = 6
MOST_ALONE: Final = 24


def explain_company(bench: Bench, failures: Sequence[Seen], *, is_touching: bool) -> Finding | None:
    """Find the neighbour beside which it fails, where it only ever failed in company.

    :param is_touching: whether those are tried that touch the same thing, or the others.
    """
    beside = [seen for seen in failures if seen.run.has_company]
    if not beside or len(beside) < len(failures):
        return None
    touching = _find_touching(bench, beside)
    near = [one for seen in beside for one in find_neighbours(seen)]
    others = (
        touching if is_touching else [one for one in dict.fromkeys(near) if one not in touching]
    )
    before: list[Sighting] = []
    for other in others[:MOST_NEIGHBOURS]:
        after = bench.try_beside(other, FIRST_MEETINGS)
        if is_touching and not count(after).failures:
            # Of two that write the same file, it may be the other one that fails nearly always.
            after += bench.try_beside(other, FIRST_MEETINGS, start=len(after))
        while count(after).failures and len(after) < MOST_MEETINGS:
            while not (is_sure := _rule_out_chance(before, after)) and len(before) < MOST_ALONE:
                seeds = SEEDS[len(before) % len(SEEDS) :][:FEW_ALONE]
                before += bench.try_alone(seeds, conditions=Conditions(pauses=1))
            if is_sure:
                return _build_company(bench, other, before, after)
            after += bench.try_beside(other, FIRST_MEETINGS, start=len(after))
    return None


def _rule_out_chance(before: Sequence[Sighting], after: Sequence[Sighting]) -> bool:
    return find_chance_of_more(count(before), count(after)) < SURE


def _find_touching(bench: Bench, beside: Sequence[Seen]) -> list[int]:
    """Return those that touch the same things; those beside which it failed come first."""
    meetings = [pair for pair in find_meetings(bench.lab) if bench.test in pair]
    sharing = [one if other == bench.test else other for one, other in meetings]
    partners = [
        cast.tests[0]
        for seen in beside
        for number, cast in enumerate(seen.run.request.casts)
        if number != seen.run.number and len(cast.tests) == 1
    ]
    return list(dict.fromkeys((*partners, *sharing)))


def _build_company(
    bench: Bench, other: int, before: Sequence[Sighting], after: Sequence[Sighting]
) -> Finding:
    name = "itself" if other == bench.test else "its neighbour"
    words = f"{name} at the same time in another process"
    return Finding(
        Kind.CONCURRENCY,
        bench.test,
        neighbours=(other,),
        evidence=(Evidence(words, count(before), count(after), "both began within a millisecond"),),
        recipe=Recipe(
            (bench.test,), Conditions(pauses=1), beside=(other,), tries=find_tries(count(after))
        ),
        cure=Recipe((bench.test,), Conditions(pauses=1), tries=3),
        sighting=next(one for one in after if one.is_failure),
        is_shared=True,
    )
