"""The proofs of one suite: what is wrong with its plant, or with its sound tests.

Which suites there are is left to `expected`, how one is run to `trials`.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from flakes.expected import Flaky, Plant, Recipe
from flakes.trials import SuiteFailedError, has_failed, list_tests, placed, run_recipe

NATURAL_RUNS: Final = 3
SHOWN: Final = 4
MAX_SHOWN: Final = 300
TOGETHER: Final = 8
"""How often two processes go through their lists beside each other."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of the proofs of one suite."""

    faults: tuple[str, ...]
    shares: tuple[float, ...] = ()
    """How often the flaky tests failed by their recipes."""

    def render(self) -> str:
        """Render the faults, or that there are none, and the shares."""
        shares = f", fails {', '.join(f'{one:.0%}' for one in self.shares)}" if self.shares else ""
        shown = [" ".join(fault.split())[:MAX_SHOWN] for fault in self.faults[:SHOWN]]
        shown += [f"{len(self.faults) - SHOWN} more"] * (len(self.faults) > SHOWN)
        return ("; ".join(shown) or "real") + shares


def prove_plant(plant: Plant) -> Proof:
    """Try whether the plant is what its table says."""
    try:
        with placed(plant.directory) as place:
            tests = list_tests(place)
        missing = sorted(plant.tests.difference(tests))
        if missing:
            return Proof((f"no such test: {', '.join(missing)}",))
        faults = [*_check_natural(plant), *_check_bystanders(plant, tests)]
        shares: list[float] = []
        for flaky in plant.flaky:
            measured, found = _check_flaky(plant, flaky, tests)
            shares += measured
            faults += found
    except SuiteFailedError as error:
        return Proof((str(error),))
    return Proof(tuple(faults), tuple(shares))


def prove_sound(suite: Path) -> Proof:
    """Try whether a sound suite is sound: nothing in it fails, whatever is changed."""
    with placed(suite) as place:
        tests = list_tests(place)
        faults = [] if tests else ["no tests"]
        for name, recipe in build_harmless(tests):
            failed = [one for one in run_recipe(place, recipe) if not one.passed]
            faults += [f"{one.nodeid} fails {name}: {one.text[-200:]}" for one in failed]
    return Proof(tuple(faults))


def build_harmless(tests: Sequence[str]) -> Iterator[tuple[str, Recipe]]:
    """Return the runs in which no sound test may fail."""
    yield from build_orders(tests)
    every = tuple(tests)
    yield "beside itself", Recipe(every, beside=every, repeat=2)
    yield "beside its reverse", Recipe(every, beside=every[::-1], repeat=2)
    yield "under load", Recipe(every, load=6)
    for seed in ("0", "1", "42"):
        yield f"with hash seed {seed}", Recipe(every, env=(("PYTHONHASHSEED", seed),))
    for zone in ("Asia/Kolkata", "America/New_York", "Pacific/Kiritimati"):
        yield f"in {zone}", Recipe(every, env=(("TZ", zone),))
    for name in ("C", "C.UTF-8"):
        yield f"in the locale {name}", Recipe(every, env=(("LC_ALL", name),))


def build_orders(tests: Sequence[str]) -> Iterator[tuple[str, Recipe]]:
    """Return the orders that are tried of every suite."""
    yield "in reverse", Recipe(tuple(reversed(tests)))
    yield "twice", Recipe(tuple(tests), repeat=2)
    yield "each after itself", Recipe(tuple(name for name in tests for _ in range(3)))
    for seed in (1, 2):
        chance = random.Random(seed)  # noqa: S311, orders are no secrets
        shuffled = chance.sample(list(tests), len(tests))
        yield f"shuffled by {seed}", Recipe(tuple(shuffled))


def _check_natural(plant: Plant) -> Iterator[str]:
    passed = 0
    for number in range(NATURAL_RUNS):
        with placed(plant.directory) as place:
            outcomes = run_recipe(place, Recipe(), number)
        failed = [one for one in outcomes if not one.passed]
        passed += not failed
        for one in failed:
            if one.nodeid not in plant.tests:
                yield f"{one.nodeid} fails in the natural order: {one.text[-200:]}"
    # Three runs tell little of a share; only of those that must nearly always pass.
    least = NATURAL_RUNS if plant.natural >= 0.8 else 0
    if passed < least:
        yield f"only {passed} of {NATURAL_RUNS} natural runs passed"
    if plant.natural == 0 and passed:
        yield f"{passed} of {NATURAL_RUNS} natural runs passed"


def _check_bystanders(plant: Plant, tests: Sequence[str]) -> Iterator[str]:
    runs = [*build_orders(tests), ("beside itself", Recipe(tuple(tests), beside=tuple(tests)))]
    for name, recipe in runs:
        with placed(plant.directory) as place:
            for one in run_recipe(place, recipe):
                if not one.passed and one.nodeid not in plant.tests:
                    yield f"{one.nodeid} fails {name}: {one.text[-200:]}"


def _check_flaky(plant: Plant, flaky: Flaky, tests: Sequence[str]) -> tuple[list[float], list[str]]:
    recipes = flaky.fails or build_failing(flaky)
    shares = [measure(plant, flaky, recipe) for recipe in recipes]
    wanted = [recipe.share for recipe in recipes]
    faults = []
    kept = [share >= least for share, least in zip(shares, wanted, strict=True)]
    if not (any(kept) if len(flaky.fails) > 1 else all(kept)):
        faults.append(f"{flaky.test} fails in {', '.join(f'{one:.0%}' for one in shares)}")
    if plant.natural < 0.8 and flaky.fails and not flaky.passes and max(shares) > 0.9:
        faults.append(f"{flaky.test} nearly always fails: {max(shares):.0%}")
    for name, recipe in build_passing(flaky, tests):
        if measure(plant, flaky, recipe) > 0:
            faults.append(f"{flaky.test} fails {name}")
    if "brittle" in flaky.kinds:
        faults += _check_no_other_setter(plant, flaky, tests)
    return shares, faults


def measure(plant: Plant, flaky: Flaky, recipe: Recipe) -> float:
    """Return the share of tries, or of runs, in which the test failed as it says."""
    if recipe.per_run and not recipe.order:
        recipe = replace(recipe, order=(flaky.test,))
    failures: list[bool] = []
    for number in range(recipe.tries):
        with placed(plant.directory) as place:
            outcomes = run_recipe(place, recipe, number)
        if recipe.per_run:
            failures += [has_failed([one], flaky.test, flaky.says) for one in outcomes]
        else:
            failures.append(has_failed(outcomes, flaky.test, flaky.says))
    return sum(failures) / len(failures)


def build_failing(flaky: Flaky) -> tuple[Recipe, ...]:
    """Return the recipes that follow from the kind and the culprits; all of them must fail."""
    if "parallel" in flaky.needs:
        return tuple(
            Recipe((flaky.test,), beside=culprits, repeat=TOGETHER, tries=5, share=0.2)
            for culprits in flaky.culprits
        )
    if "second run" in flaky.kinds:
        return (Recipe((flaky.test, flaky.test)),)
    if "brittle" in flaky.kinds:
        return (Recipe((flaky.test,)),)
    return tuple(Recipe((*culprits, flaky.test)) for culprits in flaky.culprits)


def build_passing(flaky: Flaky, tests: Sequence[str]) -> Iterator[tuple[str, Recipe]]:
    """Return the runs in which the test may not fail, by its kind."""
    if flaky.passes:
        yield "where it should pass", replace(flaky.passes, order=(flaky.test,))
    elif "parallel" in flaky.needs:
        yield "alone, again and again", Recipe((flaky.test,), repeat=TOGETHER, tries=1)
        yield "in one process", Recipe(tuple(tests), repeat=2, tries=1)
    elif "load" in flaky.needs:
        yield "without load", Recipe((flaky.test,), repeat=5, tries=1)
    elif "brittle" in flaky.kinds:
        for culprits in flaky.culprits:
            yield f"after {' and '.join(culprits)}", Recipe((*culprits, flaky.test), tries=1)
    elif flaky.is_order_dependent or "many runs in one process" in flaky.needs:
        yield from _build_harmless_orders(flaky, tests)


def _build_harmless_orders(flaky: Flaky, tests: Sequence[str]) -> Iterator[tuple[str, Recipe]]:
    named = {name for culprits in flaky.culprits for name in culprits}
    others = [name for name in tests if name not in named and name != flaky.test]
    yield "alone", Recipe((flaky.test,), tries=1)
    # One run of all others, each just before the test: the culprits are the only ones.
    yield "after every other test", Recipe((*others, flaky.test), tries=1)
    if "victim" not in flaky.kinds:
        return
    for other in others:
        yield f"after {other}", Recipe((other, flaky.test), tries=1)
    for culprits in flaky.culprits:
        for left_out in culprits:
            kept = tuple(name for name in culprits if name != left_out)
            yield f"without {left_out}", Recipe((*others, *kept, flaky.test), tries=1)
        for cleaner in flaky.cleaners:
            yield f"after {cleaner}", Recipe((*culprits, cleaner, flaky.test), tries=1)


def _check_no_other_setter(plant: Plant, flaky: Flaky, tests: Sequence[str]) -> Iterator[str]:
    named = {name for culprits in flaky.culprits for name in culprits}
    others = tuple(name for name in tests if name not in named and name != flaky.test)
    if measure(plant, flaky, Recipe((*others, flaky.test), tries=1)) < 1:
        yield f"{flaky.test} passes after tests that are no setters"
