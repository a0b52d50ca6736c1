"""Pulls the levers: which change makes a test fail, and which opposite makes it pass."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from .axes import describe, has_effect
from .bench import ALONE, RARE, SEEDS, SURE, Bench, find_tries
from .chances import find_chance_of_more
from .conditions import Conditions
from .finding import Finding, Recipe
from .lab import Run, cast, count, find_last
from .levers import LEVERS, Lever
from .trials import Request
from .turning import vary_hash_seed
from .verdicts import Evidence, Kind, Tally

PULLS: Final = 4
MOST_PULLS: Final = 17
"""How often a test runs under one change: until it is sure, or hopeless."""

SURE_OF_SILENT: Final = SURE / len(LEVERS)
"""Of many changes, one seems to turn a test that comes and goes; where nobody counted that it had
an effect, chance must be ruled out for all of them together."""

CLEAR: Final = 0.9
"""A change that turns so many runs, to the same failure, needs no other one beside it."""

COMMON_RATE: Final = 0.2
"""A test that fails so often by itself needs no load to show what cures it."""


@dataclass(slots=True)
class Puller:
    """Pulls the levers of one test, which fails so often alone."""

    bench: Bench
    alone: Tally
    _cures: dict[str, tuple[Evidence, int] | None] = field(default_factory=dict)

    def pull_all(self) -> Finding | None:
        """Try each lever; where none makes it fail, or several kinds do, try their cures, too."""
        found: list[Finding] = []
        wanted = self._find_fingerprints()
        # What fails so often by itself that it can't be made worse is left to the cures.
        is_common = is_hopeless(self.alone, Tally(), SURE)
        for lever in () if is_common else self._iterate():
            if (one := self._amplify(lever)) is not None:
                if one.sighting.fingerprint in wanted and weigh(one.evidence) >= CLEAR:
                    return one
                found.append(one)
        if not is_common and not self.bench.lab.is_over():
            one = vary_hash_seed(self.bench, self.alone)
            found += [one] if one is not None else []
        if not found:
            cured = (self._find_cured(lever) for lever in self._iterate())
            return self._choose([one for one in cured if one is not None])
        fitting = [one for one in found if one.sighting.fingerprint in wanted] or found
        if len({one.kind for one in fitting}) > 1:
            fitting = [self._add_cure(one) for one in fitting]
        return self._choose(fitting)

    def _iterate(self) -> Iterator[Lever]:
        """Yield the levers that can be pulled here, as long as there is time."""
        for lever in LEVERS:
            if self.bench.lab.is_over():
                return
            if self.bench.has_time_machine or not lever.needs_time_machine:
                yield lever

    def _choose(self, found: Sequence[Finding]) -> Finding | None:
        """Choose what turned the test most; of equal ones the first."""
        return max(found, key=lambda one: weigh(one.evidence), default=None)

    def _find_fingerprints(self) -> set[str]:
        """Return how the test failed before any lever was pulled."""
        words = {lever.words for lever in LEVERS}
        failures = self.bench.find(
            lambda one: one.sighting.is_failure and one.run.axis not in words
        )
        return {one.sighting.fingerprint for one in failures}

    def _add_cure(self, finding: Finding) -> Finding:
        """Add the evidence that the opposite of a change makes the test pass, where it does."""
        words = finding.evidence[0].change
        cured = next((self._cure(lever) for lever in LEVERS if lever.words == words), None)
        return replace(finding, evidence=(*finding.evidence, cured[0])) if cured else finding

    def _find_cured(self, lever: Lever) -> Finding | None:
        cured = self._cure(lever)
        return self._build_cured(lever, cured) if cured else None

    def _amplify(self, lever: Lever) -> Finding | None:
        for setting in lever.settings:
            conditions = replace(setting, seed=setting.seed or SEEDS[0])
            (run,) = self.bench.run_under(lever.words, conditions, 1)
            if next(find_last([run])).is_failure and (lever.is_silent or has_effect(run)):
                found = self._confirm(lever, conditions, run)
                if found is not None or not lever.is_graded:
                    return found
        return None

    def _confirm(self, lever: Lever, conditions: Conditions, first: Run) -> Finding | None:
        """Run again under what turned it once, until it is sure that it does."""
        if not self.bench.is_fair(conditions):
            return None
        runs, before = [first], self.alone
        sure = SURE_OF_SILENT if lever.is_silent else SURE
        while True:
            after = list(find_last(runs))
            if find_chance_of_more(before, count(after)) < sure:
                if lever.is_silent:
                    before = self.bench.measure_again(before, len(runs))
                if find_chance_of_more(before, count(after)) < sure:
                    break
            if not count(after[-PULLS:]).failures or is_hopeless(before, count(after), sure):
                return None
            runs += self.bench.run_under(lever.words, conditions, PULLS)
        return Finding(
            lever.kind,
            self.bench.test,
            evidence=(Evidence(lever.words, before, count(after), describe(first)),),
            recipe=Recipe((self.bench.test,), conditions, tries=find_tries(count(after))),
            cure=Recipe((self.bench.test,), replace(lever.cure or Conditions(), seed=SEEDS[0])),
            sighting=next(one for one in after if one.is_failure),
        )

    def _cure(self, lever: Lever) -> tuple[Evidence, int] | None:
        """Try where it fails by itself, alone or under load, whether a change makes it pass.

        Returns the evidence, and how many processes kept the machine busy.
        """
        if lever.cure is None:
            return None
        if lever.cure_words not in self._cures:
            self._cures[lever.cure_words] = self._try_cure(lever, lever.cure)
        return self._cures[lever.cure_words]

    def _try_cure(self, lever: Lever, cure: Conditions) -> tuple[Evidence, int] | None:
        words = lever.cure_words
        load = (
            None
            if self.alone.failures >= COMMON_RATE * self.alone.runs
            else self.bench.build_load()
        )
        before = self.alone if load is None else self.bench.measure(load)
        if not before.failures:
            return None
        runs: list[Run] = []
        request = load or Request((), at_once=2)
        conditions = replace(cure, seed=SEEDS[0])
        while len(runs) < MOST_PULLS:
            casts = (cast(self.bench.test, conditions=conditions),) * PULLS
            runs += self.bench.lab.run(words, replace(request, casts=casts))
            after = count(list(find_last(runs)))
            if after.failures > RARE * after.runs or not has_effect(runs[0]):
                return None
            if find_chance_of_more(after, before) < SURE:
                if lever.is_silent:
                    before = self.bench.measure_again(before, len(runs), load)
                if find_chance_of_more(after, before) < SURE:
                    break
        else:
            return None
        where = "under load, " if load else ""
        evidence = Evidence(f"{where}{words}", before, after, describe(runs[0]))
        return evidence, request.busy

    def _build_cured(self, lever: Lever, cured: tuple[Evidence, int]) -> Finding:
        evidence, busy = cured
        failing = self.bench.find(lambda seen: seen.sighting.is_failure and seen.run.axis == ALONE)
        failing = failing or self.bench.find(lambda seen: seen.sighting.is_failure)
        plain = Recipe((self.bench.test,), busy=busy, tries=find_tries(evidence.before))
        return Finding(
            lever.kind,
            self.bench.test,
            evidence=(evidence,),
            recipe=self._find_lasting(lever, failing[0].sighting.fingerprint) or plain,
            cure=Recipe((self.bench.test,), replace(lever.cure or Conditions(), seed=SEEDS[0])),
            sighting=failing[0].sighting,
        )

    def _find_lasting(self, lever: Lever, fingerprint: str) -> Recipe | None:
        """Find a recipe that fails on a calm machine, too: under the opposite of what cures.

        The test may fail so often here that this could not be told from chance, and seldom
        elsewhere.
        """
        for setting in lever.settings:
            conditions = replace(setting, seed=setting.seed or SEEDS[0])
            runs = self.bench.run_under(lever.words, conditions, PULLS)
            after = list(find_last(runs))
            is_same = all(one.is_failure and one.fingerprint == fingerprint for one in after)
            if is_same and has_effect(runs[0]):
                return Recipe((self.bench.test,), conditions, tries=find_tries(count(after)))
        return None

    def measure_load(self) -> Finding:
        """Say what is known of a test that no lever turns: how often it fails, and under load."""
        after = self.bench.measure(self.bench.build_load())
        seen = self.bench.find(lambda one: one.sighting.is_failure)
        is_rarer = after.failures * self.alone.runs <= self.alone.failures * after.runs
        evidence = (Evidence("processors and disk busy", self.alone, after),)
        busy = 0 if is_rarer else self.bench.build_load().busy
        tries = find_tries(self.alone if is_rarer else after)
        return Finding(
            Kind.UNKNOWN,
            self.bench.test,
            evidence=evidence,
            recipe=Recipe((self.bench.test,), busy=busy, tries=tries),
            cure=None,
            sighting=seen[0].sighting,
        )


def is_hopeless(before: Tally, after: Tally, sure: float) -> bool:
    """Tell whether chance could not be ruled out if it failed in all runs that are left."""
    left = MOST_PULLS - after.runs
    best = Tally(MOST_PULLS, after.failures + left)
    return left <= 0 or find_chance_of_more(before, best) >= sure


def weigh(evidence: Sequence[Evidence]) -> float:
    """Return how much the changes turned the test; roughly, so that equal ones are equal."""

    def rate(tally: Tally) -> float:
        return tally.failures / tally.runs if tally.runs else 0.0

    return round(sum(abs(rate(one.after) - rate(one.before)) for one in evidence), 1)
