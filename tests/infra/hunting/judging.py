"""From a suspect to its verdict: diagnosed in forks, confirmed in fresh processes, drawn.

Which experiments are made is decided in `diagnosis`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ..leaks import Leak
from .bench import Bench
from .confirmation import CONFIRMATIONS, Fresh, count_outcomes, split_arguments
from .diagnosis import diagnose
from .finding import Finding, Recipe
from .importing import find_polluting_files
from .lab import Lab, Seen, count_all
from .naming import refine
from .ordering import find_cleaners
from .trials import Sighting
from .undo import READ
from .verdicts import Bar, Kind, Tally, Verdict
from .wording import summarise

MANY_BARS: Final = 40
MANY_STATES: Final = 5

ORDERED: Final = (Kind.VICTIM, Kind.BRITTLE, Kind.SECOND_RUN)

ROLES: Final = {
    Kind.VICTIM: "polluter",
    Kind.BRITTLE: "setter",
}


@dataclass(slots=True)
class Judge:
    """Judges one suspect after the other."""

    lab: Lab
    arguments: Sequence[str]
    cores: int
    has_time_machine: bool

    def judge(self, test: int) -> Verdict:
        """Return why a test fails, confirmed as far as it can be."""
        bench = Bench(self.lab, test, self.cores, self.has_time_machine)
        verdicts: list[Verdict] = []
        for finding in diagnose(bench):
            if finding.kind is Kind.IMPORT:
                return self._judge_import(test, finding.sighting, is_reversed=True)
            found = replace(finding, cleaners=find_cleaners(bench, finding))
            verdicts.append(self._build_verdict(refine(found, find_shared(self.lab, found))))
            # After itself a test's timing is another one, too, which leaves nothing to be named.
            is_bare = finding.kind is Kind.SECOND_RUN and not verdicts[-1].state
            if not is_bare and not is_refuted(finding, verdicts[-1]):
                break
        return choose(verdicts) if verdicts else self._judge_constant(test)

    def _judge_constant(self, test: int) -> Verdict:
        """Judge a test that fails in every run: with its own file only, it may pass."""
        fresh, nodeids = self._open_fresh(), self.lab.collection.nodeids
        own = fresh.build_command(Recipe((test,)), nodeids)
        sighting = find_failure(self.lab, test)
        confirmed = fresh.confirm(own, nodeids[test], CONFIRMATIONS)
        if not confirmed.failures:
            return self._judge_import(test, sighting, is_reversed=False)
        return Verdict(
            nodeids[test],
            Kind.BROKEN,
            "fails in every run, also in a process of its own",
            count_all(self.lab, test),
            sighting.fingerprint,
            sighting.text,
            command=own,
            confirmed=confirmed,
        )

    def _judge_import(self, test: int, sighting: Sighting, *, is_reversed: bool) -> Verdict:
        fresh = self._open_fresh()
        found = find_polluting_files(self.lab, test, fresh, sighting, is_reversed=is_reversed)
        return self._build_verdict(found)

    def _open_fresh(self) -> Fresh:
        options, _ = split_arguments(self.arguments, Path.cwd())
        root = self.lab.collection.root
        return Fresh(options, os.environ, self.lab.directory, root)

    def _build_verdict(self, finding: Finding) -> Verdict:
        fresh, nodeids = self._open_fresh(), self.lab.collection.nodeids
        nodeid = nodeids[finding.test]
        command = fresh.build_command(finding.recipe, nodeids)
        confirmed, cleared, state = self._confirm(finding, fresh, command)
        return Verdict(
            nodeid=nodeid,
            kind=finding.kind,
            summary=summarise(finding, nodeids),
            tally=count_all(self.lab, finding.test),
            fingerprint=finding.sighting.fingerprint,
            text=finding.sighting.text,
            culprits=self._name_culprits(finding),
            cleaners=tuple(nodeids[test] for test in finding.cleaners),
            state=state,
            evidence=finding.evidence,
            command=command if confirmed.failures else "",
            confirmed=confirmed,
            cleared=cleared,
            bars=draw(self.lab, finding),
        )

    def _confirm(
        self, finding: Finding, fresh: Fresh, command: str
    ) -> tuple[Tally, Tally, tuple[str, ...]]:
        """Run the recipe and its cure in fresh processes; one of the runs has the guard look."""
        if finding.files:
            # What files do when they are imported is only ever tried in fresh processes.
            (evidence,) = finding.evidence
            return evidence.after, evidence.before, ()
        nodeids = self.lab.collection.nodeids
        is_alone = finding.recipe.busy or finding.recipe.beside or self.lab.is_lonely
        state, looked = self._find_state(finding, fresh)
        is_cure = finding.kind is Kind.BRITTLE
        times = CONFIRMATIONS if is_cure else CONFIRMATIONS - looked.runs
        commands = [(command, times)]
        if finding.cure is not None:
            cure = fresh.build_command(finding.cure, nodeids)
            commands.append((cure, CONFIRMATIONS - looked.runs if is_cure else CONFIRMATIONS))
        nodeid = nodeids[finding.test]
        found = fresh.confirm_all(commands, nodeid, at_once=1 if is_alone else 2)
        confirmed, cleared = found[0], found[1] if len(found) > 1 else Tally()
        if is_cure:
            return confirmed, cleared + looked, state
        return confirmed + looked, cleared, state

    def _name_culprits(self, finding: Finding) -> tuple[str, ...]:
        nodeids = self.lab.collection.nodeids
        names = [nodeids[test] for test in (*finding.culprits, *finding.neighbours)]
        return tuple(dict.fromkeys((*names, *finding.files)))

    def _find_state(self, finding: Finding, fresh: Fresh) -> tuple[tuple[str, ...], Tally]:
        """Name what the culprits leave, by the guard, or what they share with the test.

        Returns how the test fared in the guard's run, too.
        """
        if finding.is_shared:
            shared = find_shared(self.lab, finding)
            return tuple(dict.fromkeys(target for _, target in shared))[:MANY_STATES], Tally()
        recipe = {Kind.BRITTLE: finding.cure}.get(finding.kind, finding.recipe)
        if finding.kind not in ORDERED or recipe is None:
            return (), Tally()
        nodeids = self.lab.collection.nodeids
        blamed = {nodeids[test] for test in finding.culprits or (finding.test,)}
        leaks, has_failed = fresh.look(recipe, nodeids)
        paths = dict.fromkeys(one.path for one in leaks if is_by(one, blamed))
        return tuple(paths)[:MANY_STATES], count_outcomes([has_failed])


def is_by(leak: Leak, blamed: set[str]) -> bool:
    """Tell whether one of the tests left it, or a fixture that it set up."""
    return leak.culprit in blamed or leak.nodeid in blamed


def is_refuted(finding: Finding, verdict: Verdict) -> bool:
    """Tell whether fresh processes contradict that the outcome follows from what ran before.

    Forks may have shown that by chance, or because they differ in what a test is sensitive to.
    """
    if finding.kind not in ORDERED:
        return False
    tallies = finding.evidence[0].before, finding.evidence[0].after
    without, after = reversed(tallies) if finding.kind is Kind.BRITTLE else tallies
    is_always = after.failures == after.runs
    is_never = without.failures == 0
    return (is_always and verdict.confirmed.failures < verdict.confirmed.runs) or (
        is_never and verdict.cleared.failures > 0
    )


def choose(verdicts: Sequence[Verdict]) -> Verdict:
    """Choose the last one, or, where that is unknown, what at least never failed without its cause.

    Whoever fails without a polluter, too, has none.
    """
    if verdicts[-1].kind is not Kind.UNKNOWN:
        return verdicts[-1]
    return next(one for one in verdicts if not one.cleared.failures)


def give_up(lab: Lab, test: int) -> Verdict:
    """Build the verdict on a suspect for which there is no time."""
    sighting = find_failure(lab, test)
    return Verdict(
        lab.collection.nodeids[test],
        Kind.UNKNOWN,
        "fails now and then; there was no time to find out why",
        count_all(lab, test),
        sighting.fingerprint,
        sighting.text,
    )


def find_failure(lab: Lab, test: int) -> Sighting:
    """Return the first failure of a test that was seen."""
    return next(one.sighting for one in lab.seen[test] if one.sighting.is_failure)


def find_shared(lab: Lab, finding: Finding) -> tuple[tuple[str, str], ...]:
    """Return what a test and its neighbour both touched, and one of them changed."""
    if not finding.is_shared:
        return ()
    own = _collect_touches(lab, finding.test)
    others = {touch for test in finding.neighbours for touch in _collect_touches(lab, test)}
    targets = {target for _, target in own} & {target for _, target in others}
    return tuple(
        sorted(
            (kind, target) for kind, target in own | others if target in targets and kind != READ
        )
    )


def _collect_touches(lab: Lab, test: int) -> set[tuple[str, str]]:
    return {touch for seen in lab.seen.get(test, ()) for touch in seen.sighting.touches}


def draw(lab: Lab, finding: Finding) -> tuple[Bar, ...]:
    """Return the run around a failure, to be drawn: of all that failed, the most telling one."""
    failing = [one for one in lab.seen.get(finding.test, ()) if one.sighting.is_failure]
    if not failing:
        return ()
    wanted = {*finding.culprits, *finding.neighbours}
    best = max(failing, key=lambda one: _rate(one, wanted))
    roles = dict.fromkeys(finding.culprits, ROLES.get(finding.kind, "polluter"))
    roles |= dict.fromkeys(finding.neighbours, "neighbour") | {finding.test: "victim"}
    rows = best.run.answer.sightings
    near = rows[max(best.place - MANY_BARS, 0) : best.place + MANY_BARS]
    start = min((one.start_s for one in near), default=0.0)
    return tuple(
        Bar(
            "one process",
            lab.collection.nodeids[one.test],
            max(one.start_s - start, 0.0),
            max(one.stop_s - start, 0.0),
            one.outcome,
            roles.get(one.test, ""),
        )
        for one in near
    )


def _rate(seen: Seen, wanted: set[int]) -> tuple[int, int]:
    """Rate how much a run shows: the culprits first, then the others."""
    tests = {one.test for one in seen.run.answer.sightings}
    return len(tests & wanted), len(tests)
