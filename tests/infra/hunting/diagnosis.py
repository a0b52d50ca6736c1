"""Why one test fails now and then: experiments that change one thing at a time.

First the failing run is tried again and the test alone; what differs between the two (the tests
before it, its random numbers, its neighbours, the load, the hash seed, the clock) is then changed
by itself.  What is left over is tried with each of the `levers`.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from .chances import find_chance_of_more
from .conditions import Conditions
from .finding import Finding, Recipe
from .lab import BASE_HASH_SEED, Lab, Run, Seen, cast, count, find_last, find_meetings
from .levers import LEVERS, Lever
from .minimise import Budget, minimise
from .survey import BUSY_PER_CORE, CALM_CLOCK, HASH_SEEDS
from .trials import Request, Sighting
from .verdicts import Evidence, Kind, Tally

SEEDS: Final = (101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112)
"""Of what a test draws at random when it runs alone."""

QUESTIONS: Final = 200

ALONE: Final = "alone"

COMMON: Final = ("seeded", "generator seeded", "os.urandom called")

RARE: Final = 0.1

MOST_NEIGHBOURS: Final = 20

FIRST_MEETINGS: Final = 8
MOST_MEETINGS: Final = 64

PULLS: Final = 4
MOST_PULLS: Final = 17
"""How often a test runs under one change: until it is sure, or hopeless."""

COMMON_RATE: Final = 0.2
"""A test that fails so often by itself needs no load to show what cures it."""

MOST_TRIES: Final = 50
LEAST_TRIES: Final = 3

MOST_CLEANERS: Final = 60

SURE: Final = 0.01
"""How probable it may be that a neighbour makes no difference."""


@dataclass(slots=True)
class Diagnosis:
    """The experiments on one test."""

    lab: Lab
    test: int
    cores: int
    has_time_machine: bool
    hints: Sequence[int] = ()
    """Tests that the guard has seen leave something."""
    _cures: dict[str, tuple[Evidence, int] | None] = field(default_factory=dict)
    _under_load: Tally | None = None

    def find(self) -> Finding | None:
        """Return why it fails, or None where it fails in every run."""
        self._try(SEEDS[:1] * 3)
        if (found := self._vary_seed()) is not None:
            return found
        alone = [seen.sighting for seen in self._find(lambda seen: seen.run.axis == ALONE)]
        if all(one.is_failure for one in alone):
            return self._explain_lonely_failure(alone)
        failures = self._find(lambda seen: seen.sighting.is_failure)
        return (
            self._explain_order(failures, count(alone))
            or self._explain_condition(failures, count(alone))
            or self._explain_company(failures)
            or self._pull_levers(count(alone))
            or self._measure_load(count(alone))
        )

    # --- what fails alone --------------------------------------------------------------------

    def _explain_lonely_failure(self, alone: Sequence[Sighting]) -> Finding | None:
        """Explain a test that fails alone: it needs others, or another clock, zone, order, seed."""
        passes = self._find(lambda seen: not seen.sighting.is_failure)
        if not passes:
            return None
        serial = [one for one in passes if is_plain(one)]
        return (
            (self._find_setters(serial, alone) if serial else None)
            or self._find_turning_axis(passes, alone)
            or self._measure_load(count(alone))
        )

    def _find_setters(self, passes: Sequence[Seen], alone: Sequence[Sighting]) -> Finding | None:
        best = min(passes, key=lambda seen: len(seen.prefix))
        found = minimise(
            best.prefix,
            lambda lists: [not one.is_failure for one in self._try_after(lists)],
            hints=self.hints,
            budget=self._budget(),
        )
        if not found.is_failing or not found.kept:
            return None
        after = self._try_after([found.kept] * 6)
        if count(after).failures:
            return None
        change = f"{len(found.kept)} tests before it" if len(found.kept) > 1 else "one test before"
        return Finding(
            Kind.BRITTLE,
            self.test,
            culprits=found.kept,
            evidence=(Evidence(change, count(alone), count(after), "they ran before it"),),
            recipe=Recipe((self.test,)),
            cure=Recipe((*found.kept, self.test)),
            sighting=alone[0],
            is_minimal=found.is_minimal,
        )

    def _find_turning_axis(
        self, passes: Sequence[Seen], alone: Sequence[Sighting]
    ) -> Finding | None:
        """Explain a test that fails alone, but passed when something else was changed."""
        for seen in passes:
            run = seen.run
            kind, words = name_axis(run)
            conditions = replace(run.cast.conditions, seed=SEEDS[0])
            after = self._try(SEEDS[:1] * 3, conditions=conditions, hash_seed=run.hash_seed)
            if kind is not None and not any(one.is_failure for one in after):
                return Finding(
                    kind,
                    self.test,
                    evidence=(Evidence(words, count(alone), count(after), describe(run)),),
                    recipe=Recipe(
                        (self.test,), Conditions(seed=SEEDS[0]), self._name_hash_seed(kind)
                    ),
                    cure=Recipe((self.test,), conditions, self._name_hash_seed(kind, run)),
                    sighting=alone[0],
                )
        return None

    # --- random numbers ----------------------------------------------------------------------

    def _vary_seed(self) -> Finding | None:
        """Try whether the outcome follows from the random numbers, and nothing else."""
        first = self._try(SEEDS)
        if all(one.is_failure for one in first) or not any(one.is_failure for one in first):
            return None
        again = self._try(SEEDS)
        if [one.is_failure for one in first] != [one.is_failure for one in again]:
            return None
        bad = next(s for s, one in zip(SEEDS, first, strict=True) if one.is_failure)
        good = next(s for s, one in zip(SEEDS, first, strict=True) if not one.is_failure)
        before, after = self._try((good,) * 4), self._try((bad,) * 4)
        if count(before).failures or count(after).failures < len(after):
            return None
        words = f"seed {bad} of its random numbers instead of {good}"
        return Finding(
            Kind.RANDOM,
            self.test,
            evidence=(
                Evidence(
                    words,
                    count(before),
                    count(after),
                    f"{count(first).failures} of {len(SEEDS)} seeds fail, each of them always",
                ),
            ),
            recipe=Recipe((self.test,), Conditions(seed=bad)),
            cure=Recipe((self.test,), Conditions(seed=good)),
            sighting=after[0],
        )

    # --- what passes alone ---------------------------------------------------------------------

    def _explain_order(self, failures: Sequence[Seen], alone: Tally) -> Finding | None:
        serial = sorted((one for one in failures if is_plain(one)), key=lambda s: len(s.prefix))
        # Where it fails alone, too, a few runs in some order show nothing.
        if not serial or alone.failures > RARE * alone.runs:
            return None
        twice = self._try_after([(self.test,)] * 3)
        if all(one.is_failure for one in twice):
            return self._build_second_run([*twice, *self._try_after([(self.test,)] * 3)])
        for seen in distinct(serial)[:3]:
            again = self._try_after([seen.prefix] * 2, seen.run)
            if any(one.is_failure for one in again):
                return self._find_polluters(seen)
        return None

    def _build_second_run(self, twice: Sequence[Sighting]) -> Finding:
        alone = self._try(SEEDS[:3])
        return Finding(
            Kind.SECOND_RUN,
            self.test,
            evidence=(
                Evidence("itself before it", count(alone), count(twice), "it ran twice in a row"),
            ),
            recipe=Recipe((self.test, self.test)),
            cure=Recipe((self.test,)),
            sighting=twice[0],
        )

    def _find_polluters(self, seen: Seen) -> Finding | None:
        prefix = tuple(dict.fromkeys(seen.prefix))
        if not any(one.is_failure for one in self._try_after([prefix] * 2, seen.run)):
            prefix = seen.prefix
        found = minimise(
            prefix,
            lambda lists: [one.is_failure for one in self._try_after(lists, seen.run)],
            hints=self.hints,
            budget=self._budget(),
        )
        if not found.is_failing or not found.kept:
            return None
        after = self._try_after([found.kept] * 4, seen.run)
        before = self._try_after([()] * 4, seen.run)
        if not count(after).failures or count(before).failures:
            return None
        return Finding(
            Kind.VICTIM,
            self.test,
            culprits=found.kept,
            evidence=(
                Evidence(
                    "its polluters before it", count(before), count(after), "they ran before it"
                ),
            ),
            recipe=Recipe((*found.kept, self.test)),
            cure=Recipe((self.test,)),
            sighting=next(one for one in after if one.is_failure),
            is_minimal=found.is_minimal,
        )

    def _explain_condition(self, failures: Sequence[Seen], alone: Tally) -> Finding | None:
        """Try alone what was other than ever in a failing run: hash seed, zone, clock, order."""
        for seen in distinct(failures):
            run = seen.run
            kind, words = name_axis(run)
            if kind is None:
                continue
            conditions = replace(run.cast.conditions, seed=SEEDS[0])
            after = self._try(SEEDS[:1] * 4, conditions=conditions, hash_seed=run.hash_seed)
            if count(after).failures < len(after):
                after = self._try_after([seen.prefix] * 4, run, conditions)
            if find_chance_of_more(alone, count(after)) < SURE and self._is_fair(conditions):
                return Finding(
                    kind,
                    self.test,
                    evidence=(Evidence(words, alone, count(after), describe(run)),),
                    recipe=Recipe((self.test,), conditions, self._name_hash_seed(kind, run)),
                    cure=Recipe(
                        (self.test,), Conditions(seed=SEEDS[0]), self._name_hash_seed(kind)
                    ),
                    sighting=next(one for one in after if one.is_failure),
                )
        return None

    def _is_fair(self, conditions: Conditions) -> bool:
        """Tell whether it is the instant, and not that the clock was set at all.

        The times of files and of other programs are the machine's, and don't go with it.
        """
        if not conditions.clock:
            return True
        calm = Conditions(seed=SEEDS[0], clock=CALM_CLOCK)
        return not any(one.is_failure for one in self._try(SEEDS[:1] * 2, conditions=calm))

    def _explain_company(self, failures: Sequence[Seen]) -> Finding | None:
        """Find the neighbour beside which it fails, where it only ever failed in company."""
        beside = [seen for seen in failures if seen.run.has_company]
        if not beside or len(beside) < len(failures):
            return None
        before = self._try(SEEDS * 2, conditions=Conditions(pauses=1))
        for other in self._find_candidates(beside)[:MOST_NEIGHBOURS]:
            after = self._try_beside(other, FIRST_MEETINGS)
            while count(after).failures and len(after) < MOST_MEETINGS:
                if find_chance_of_more(count(before), count(after)) < SURE:
                    return self._build_company(other, before, after)
                after += self._try_beside(other, FIRST_MEETINGS, start=len(after))
        return None

    def _find_candidates(self, beside: Sequence[Seen]) -> list[int]:
        """Return the possible neighbours: those that touch the same things, then all others."""
        meetings = [pair for pair in find_meetings(self.lab) if self.test in pair]
        sharing = [one if other == self.test else other for one, other in meetings]
        near = [one for seen in beside for one in find_neighbours(seen)]
        partners = [
            cast.tests[0]
            for seen in beside
            for number, cast in enumerate(seen.run.request.casts)
            if number != seen.run.number and len(cast.tests) == 1
        ]
        return list(dict.fromkeys((*partners, *sharing, *near)))

    def _build_company(
        self, other: int, before: Sequence[Sighting], after: Sequence[Sighting]
    ) -> Finding:
        name = "itself" if other == self.test else "its neighbour"
        words = f"{name} at the same time in another process"
        return Finding(
            Kind.CONCURRENCY,
            self.test,
            neighbours=(other,),
            evidence=(
                Evidence(words, count(before), count(after), "both began within a millisecond"),
            ),
            recipe=Recipe(
                (self.test,), Conditions(pauses=1), beside=(other,), tries=find_tries(count(after))
            ),
            cure=Recipe((self.test,), Conditions(pauses=1), tries=3),
            sighting=next(one for one in after if one.is_failure),
            is_shared=True,
        )

    # --- levers ------------------------------------------------------------------------------

    def _pull_levers(self, alone: Tally) -> Finding | None:
        """Try each lever, then its cure; without any, say only how often it fails."""
        found: list[Finding] = []
        for lever in LEVERS:
            if self.lab.is_over():
                break
            if lever.needs_time_machine and not self.has_time_machine:
                continue
            if (one := self._pull(lever, alone)) is not None:
                found.append(one)
        if (one := self._vary_hash_seed(alone)) is not None:
            found.append(one)
        wanted = self._find_fingerprints()
        fitting = [one for one in found if one.sighting.fingerprint in wanted] or found
        return max(fitting, key=lambda one: weigh(one.evidence), default=None)

    def _pull(self, lever: Lever, alone: Tally) -> Finding | None:
        """Try whether a change makes it fail, and whether the opposite makes it pass."""
        found = self._amplify(lever, alone)
        cured = self._cure(lever, alone) if found or alone.failures else None
        if found is None:
            return self._build_cured(lever, cured) if cured else None
        return replace(found, evidence=(*found.evidence, *((cured[0],) if cured else ())))

    def _amplify(self, lever: Lever, alone: Tally) -> Finding | None:
        for setting in lever.settings:
            conditions = replace(setting, seed=setting.seed or SEEDS[0])
            (run,) = self._run_under(lever.words, conditions, 1)
            if next(find_last([run])).is_failure and (lever.is_silent or has_effect(run)):
                return self._confirm(lever, conditions, alone, run)
        return None

    def _confirm(
        self, lever: Lever, conditions: Conditions, alone: Tally, first: Run
    ) -> Finding | None:
        """Run again under what turned it once, until it is sure that it does."""
        if not self._is_fair(conditions):
            return None
        runs = [first]
        while find_chance_of_more(alone, count(after := list(find_last(runs)))) >= SURE:
            if len(runs) >= MOST_PULLS or not count(after[-PULLS:]).failures:
                return None
            runs += self._run_under(lever.words, conditions, PULLS)
        return Finding(
            lever.kind,
            self.test,
            evidence=(Evidence(lever.words, alone, count(after), describe(first)),),
            recipe=Recipe((self.test,), conditions, tries=find_tries(count(after))),
            cure=Recipe((self.test,), replace(lever.cure or Conditions(), seed=SEEDS[0])),
            sighting=next(one for one in after if one.is_failure),
        )

    def _cure(self, lever: Lever, alone: Tally) -> tuple[Evidence, int] | None:
        """Try where it fails by itself, alone or under load, whether a change makes it pass.

        Returns the evidence, and how many processes kept the machine busy.
        """
        if lever.cure is None:
            return None
        if lever.cure_words not in self._cures:
            self._cures[lever.cure_words] = self._try_cure(lever.cure, lever.cure_words, alone)
        return self._cures[lever.cure_words]

    def _try_cure(self, cure: Conditions, words: str, alone: Tally) -> tuple[Evidence, int] | None:
        load = None if alone.failures >= COMMON_RATE * alone.runs else self._build_load()
        before = alone if load is None else self._measure(load)
        if not before.failures:
            return None
        runs: list[Run] = []
        request = load or Request((), at_once=2)
        conditions = replace(cure, seed=SEEDS[0])
        while len(runs) < MOST_PULLS:
            casts = (cast(self.test, conditions=conditions),) * PULLS
            runs += self.lab.run(words, replace(request, casts=casts))
            after = count(list(find_last(runs)))
            if after.failures > RARE * after.runs or not has_effect(runs[0]):
                return None
            if find_chance_of_more(after, before) < SURE:
                break
        else:
            return None
        where = "under load, " if load else ""
        evidence = Evidence(f"{where}{words}", before, after, describe(runs[0]))
        return evidence, request.busy

    def _build_cured(self, lever: Lever, cured: tuple[Evidence, int]) -> Finding:
        evidence, busy = cured
        failing = self._find(lambda seen: seen.sighting.is_failure and seen.run.axis == ALONE)
        failing = failing or self._find(lambda seen: seen.sighting.is_failure)
        return Finding(
            lever.kind,
            self.test,
            evidence=(evidence,),
            recipe=Recipe((self.test,), busy=busy, tries=find_tries(evidence.before)),
            cure=Recipe((self.test,), replace(lever.cure or Conditions(), seed=SEEDS[0])),
            sighting=failing[0].sighting,
        )

    def _measure(self, load: Request) -> Tally:
        """Measure once how often it fails alone under load."""
        if self._under_load is None:
            plain = cast(self.test, conditions=Conditions(seed=SEEDS[0]))
            self._under_load = count(self.lab.try_out("load", [plain] * 10, like=load))
        return self._under_load

    def _run_under(self, words: str, conditions: Conditions, times: int) -> list[Run]:
        casts = (cast(self.test, conditions=conditions),) * times
        return self.lab.run(words, Request(casts, at_once=2))

    def _vary_hash_seed(self, alone: Tally) -> Finding | None:
        for seed in HASH_SEEDS:
            after = self._try(SEEDS[:1] * 4, hash_seed=seed)
            if find_chance_of_more(alone, count(after)) < SURE:
                return Finding(
                    Kind.UNORDERED,
                    self.test,
                    evidence=(Evidence(f"hash seed {seed} instead of 0", alone, count(after)),),
                    recipe=Recipe((self.test,), hash_seed=seed),
                    cure=Recipe((self.test,), hash_seed=BASE_HASH_SEED),
                    sighting=next(one for one in after if one.is_failure),
                )
        return None

    def _measure_load(self, alone: Tally) -> Finding:
        """Say what is known of a test that no lever turns: how often it fails, and under load."""
        after = self._measure(self._build_load())
        seen = self._find(lambda one: one.sighting.is_failure)
        is_rarer = after.failures * alone.runs <= alone.failures * after.runs
        evidence = (Evidence("processors and disk busy", alone, after),)
        tries = find_tries(alone if is_rarer else after)
        return Finding(
            Kind.UNKNOWN,
            self.test,
            evidence=evidence,
            recipe=Recipe(
                (self.test,), busy=0 if is_rarer else self._build_load().busy, tries=tries
            ),
            cure=None,
            sighting=seen[0].sighting,
        )

    # --- hands -------------------------------------------------------------------------------

    def _try(
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

    def _try_after(
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

    def find_cleaners(self, finding: Finding) -> tuple[int, ...]:
        """Return the tests that take back what the polluters left."""
        others = [
            test
            for test in range(len(self.lab.collection.nodeids))
            if test != self.test and test not in finding.culprits
        ]
        if finding.kind is not Kind.VICTIM or len(others) > MOST_CLEANERS:
            return ()
        conditions = finding.recipe.conditions
        found = others
        for _ in range(2):
            lists = [(*finding.culprits, other) for other in found]
            casts = [cast(*one, self.test, conditions=conditions) for one in lists]
            after = self.lab.try_out("with a cleaner", casts) if casts else []
            found = [t for t, one in zip(found, after, strict=True) if one.outcome == "passed"]
        return tuple(found)

    def _try_beside(self, other: int, times: int, start: int = 0) -> list[Sighting]:
        found: list[Sighting] = []
        for number in range(start, start + times):
            seed = Conditions(seed=SEEDS[0], pauses=number)
            casts = (
                cast(self.test, conditions=seed, is_watched=True),
                cast(other, conditions=seed, is_watched=True),
            )
            # Who comes first by a hair may be decided by the order of their forks.
            ordered = casts if number % 2 else casts[::-1]
            runs = self.lab.run("beside one other", Request(ordered, in_step=True))
            found.extend(
                run.answer.last
                for run in runs
                if run.cast is casts[0] and run.answer.last is not None
            )
        return found

    def _find(self, wanted: Callable[[Seen], bool]) -> list[Seen]:
        return [seen for seen in self.lab.seen.get(self.test, ()) if wanted(seen)]

    def _name_hash_seed(self, kind: Kind, run: Run | None = None) -> int | None:
        """Return the hash seed for a recipe, where it matters."""
        if kind is not Kind.UNORDERED:
            return None
        return run.hash_seed if run else BASE_HASH_SEED

    def _find_fingerprints(self) -> set[str]:
        """Return how the test failed before any lever was pulled."""
        words = {lever.words for lever in LEVERS}
        failures = self._find(lambda one: one.sighting.is_failure and one.run.axis not in words)
        return {one.sighting.fingerprint for one in failures}

    def _build_load(self) -> Request:
        return Request((), busy=BUSY_PER_CORE * self.cores, writing=1)

    def _budget(self) -> Budget:
        return Budget(QUESTIONS, self.lab.deadline, self.lab.clock)


def is_plain(seen: Seen) -> bool:
    """Tell whether nothing but the order of a run can have mattered."""
    run = seen.run
    conditions = replace(run.cast.conditions, seed=0)
    is_ordinary = run.hash_seed == BASE_HASH_SEED and conditions == Conditions()
    return is_ordinary and not run.has_company and not run.has_load


def name_axis(run: Run) -> tuple[Kind | None, str]:
    """Return the kind that a change of a run tells, and the change in words."""
    conditions = run.cast.conditions
    if run.hash_seed != BASE_HASH_SEED:
        return Kind.UNORDERED, f"hash seed {run.hash_seed} instead of {BASE_HASH_SEED}"
    if conditions.zone:
        return Kind.TIME, f"time zone {conditions.zone}"
    if conditions.clock:
        return Kind.TIME, f"a clock that starts at {conditions.clock}"
    if conditions.listing:
        return Kind.UNORDERED, "directories listed in another order"
    return None, ""


def describe(run: Run) -> str:
    """Tell how often the conditions of a run made a difference."""
    counts = find_effects(run).items()
    return ", ".join(f"{what} {number} times" for what, number in counts)


def find_effects(run: Run) -> Mapping[str, int]:
    """Return how often conditions made a difference, but for random numbers, which all follow."""
    return {what: number for what, number in run.answer.applied.items() if what not in COMMON}


def has_effect(run: Run) -> bool:
    """Tell whether the conditions of a run made any difference."""
    return any(find_effects(run).values())


def find_tries(tally: Tally) -> int:
    """Return how often to try so that at least one failure comes, with 99 %."""
    if tally.failures >= tally.runs:
        return LEAST_TRIES
    rate = max(tally.failures, 1) / max(tally.runs, 1)
    return min(max(math.ceil(math.log(0.01) / math.log(1 - rate)), LEAST_TRIES), MOST_TRIES)


def distinct(seen: Sequence[Seen]) -> list[Seen]:
    """Leave out those that come from the same run."""
    return list({id(one.run): one for one in reversed(seen)}.values())[::-1]


def find_neighbours(seen: Seen) -> Iterator[int]:
    """Yield the tests that ran in the other processes while this one did, the closest first."""
    own = seen.sighting
    yield own.test
    near = seen.place
    for number, other in enumerate(seen.run.request.casts):
        if number != seen.run.number:
            for offset in (0, -1, 1):
                if 0 <= near + offset < len(other.tests):
                    yield other.tests[near + offset]


def weigh(evidence: Sequence[Evidence]) -> float:
    """Return how much the changes turned the test; roughly, so that equal ones are equal."""

    def rate(tally: Tally) -> float:
        return tally.failures / tally.runs if tally.runs else 0.0

    return round(sum(abs(rate(one.after) - rate(one.before)) for one in evidence), 1)
