"""Tests that one change of a run turns: its random numbers, hash seed, zone, clock, directories."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from .axes import describe, distinct, name_axis, name_hash_seed
from .bench import BELIEVED, SEEDS, SURE, Bench
from .chances import find_chance_of_more
from .conditions import Conditions
from .finding import Finding, Recipe
from .lab import BASE_HASH_SEED, Seen, count
from .levers import LISTINGS
from .survey import HASH_SEEDS
from .trials import Sighting
from .verdicts import Evidence, Kind, Tally

RUNS: Final = 4

Experiment = Callable[[], list[Sighting]]


def vary_seed(bench: Bench) -> Finding | None:
    """Try whether the outcome follows from the random numbers, and nothing else."""
    first = bench.try_alone(SEEDS)
    if all(one.is_failure for one in first) or not any(one.is_failure for one in first):
        return None
    again = bench.try_alone(SEEDS)
    if [one.is_failure for one in first] != [one.is_failure for one in again]:
        return None
    bad = next(s for s, one in zip(SEEDS, first, strict=True) if one.is_failure)
    good = next(s for s, one in zip(SEEDS, first, strict=True) if not one.is_failure)
    before, after = bench.try_alone((good,) * 4), bench.try_alone((bad,) * 4)
    if count(before).failures or count(after).failures < len(after):
        return None
    if (found := _vary_listing(bench, good, before)) is not None:
        return found
    words = f"seed {bad} of its random numbers instead of {good}"
    return Finding(
        Kind.RANDOM,
        bench.test,
        evidence=(
            Evidence(
                words,
                count(before),
                count(after),
                f"{count(first).failures} of {len(SEEDS)} seeds fail, each of them always",
            ),
        ),
        recipe=Recipe((bench.test,), Conditions(seed=bad)),
        cure=Recipe((bench.test,), Conditions(seed=good)),
        sighting=after[0],
    )


def _vary_listing(bench: Bench, seed: int, before: Sequence[Sighting]) -> Finding | None:
    """Try with other orders of directories a test that names drawn at random may turn.

    Names decide the order in which a file system lists them; then the order is the cause.
    """
    # By age last: inodes are not always numbered as files are made.
    orders = [Conditions(listing=listing) for listing in reversed(LISTINGS)]
    tried = [bench.try_alone((seed,), conditions=order)[0].is_failure for order in orders]
    for order, is_failing in zip(orders, tried, strict=True):
        if not is_failing:
            continue
        after = bench.try_alone((seed,) * 4, conditions=order)
        if find_chance_of_more(count(before), count(after)) < BELIEVED:
            words = "directories listed in another order"
            # The file system's own order may be a matter of luck.
            calm = next((o for o, failed in zip(orders, tried, strict=True) if not failed), None)
            return Finding(
                Kind.UNORDERED,
                bench.test,
                evidence=(Evidence(words, count(before), count(after), "all else was the same"),),
                recipe=Recipe((bench.test,), replace(order, seed=seed)),
                cure=Recipe((bench.test,), replace(calm or Conditions(), seed=seed)),
                sighting=next(one for one in after if one.is_failure),
            )
    return None


def vary_hash_seed(bench: Bench, alone: Tally) -> Finding | None:
    """Try it with other hash seeds, each in a process of its own."""
    for seed in HASH_SEEDS:
        under = partial(bench.try_alone, SEEDS[:1] * RUNS, hash_seed=seed)
        turned = _compare(alone, under(), under, partial(bench.try_alone, SEEDS[:1] * RUNS))
        if turned is not None:
            before, after = turned
            return Finding(
                Kind.UNORDERED,
                bench.test,
                evidence=(Evidence(f"hash seed {seed} instead of 0", before, count(after)),),
                recipe=Recipe((bench.test,), hash_seed=seed),
                cure=Recipe((bench.test,), hash_seed=BASE_HASH_SEED),
                sighting=next(one for one in after if one.is_failure),
            )
    return None


def find_turning_axis(
    bench: Bench, passes: Sequence[Seen], alone: Sequence[Sighting]
) -> Finding | None:
    """Explain a test that fails alone, but passed when something else was changed."""
    for seen in passes:
        run = seen.run
        kind, words = name_axis(run)
        conditions = replace(run.cast.conditions, seed=SEEDS[0])
        after = bench.try_alone(SEEDS[:1] * 3, conditions=conditions, hash_seed=run.hash_seed)
        if kind is not None and not any(one.is_failure for one in after):
            return Finding(
                kind,
                bench.test,
                evidence=(Evidence(words, count(alone), count(after), describe(run)),),
                recipe=Recipe((bench.test,), Conditions(seed=SEEDS[0]), name_hash_seed(kind)),
                cure=Recipe((bench.test,), conditions, name_hash_seed(kind, run)),
                sighting=alone[0],
            )
    return None


def explain_condition(bench: Bench, failures: Sequence[Seen], alone: Tally) -> Finding | None:
    """Try alone what was other than ever in a failing run: hash seed, zone, clock, order."""
    for seen in distinct(failures):
        run = seen.run
        kind, words = name_axis(run)
        if kind is None:
            continue
        conditions = replace(run.cast.conditions, seed=SEEDS[0])
        seeds, lists = SEEDS[:1] * RUNS, [seen.prefix] * RUNS
        under = partial(bench.try_alone, seeds, conditions=conditions, hash_seed=run.hash_seed)
        plain = partial(bench.try_alone, seeds)
        after = under()
        if count(after).failures < len(after):
            under = partial(bench.try_after, lists, run, conditions)
            plain = partial(bench.try_after, lists)
            after = under()
        turned = _compare(alone, after, under, plain)
        if turned is not None and bench.is_fair(conditions):
            before, after = turned
            return Finding(
                kind,
                bench.test,
                evidence=(Evidence(words, before, count(after), describe(run)),),
                recipe=Recipe((bench.test,), conditions, name_hash_seed(kind, run)),
                cure=Recipe((bench.test,), Conditions(seed=SEEDS[0]), name_hash_seed(kind)),
                sighting=next(one for one in after if one.is_failure),
            )
    return None


def _compare(
    alone: Tally, after: list[Sighting], under: Experiment, plain: Experiment
) -> tuple[Tally, list[Sighting]] | None:
    """Run again with a change that seems to turn the test, and as often without; tell all of it.

    One of several that are tried may seem to by luck, what comes and goes may fail more often just
    now than when it ran alone, and what ran before it may be the reason.
    """
    if find_chance_of_more(alone, count(after)) >= SURE:
        return None
    after, before = after + under(), count([*plain(), *plain()])
    return (before, after) if find_chance_of_more(before, count(after)) < SURE else None
