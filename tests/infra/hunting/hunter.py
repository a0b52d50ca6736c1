"""The whole hunt: survey, repeats, experiments on each suspect, confirmation, verdicts.

What is run and concluded is decided in the modules below; here is the order of things, the budget,
and what is told on the way.
"""

import importlib.util
import os
import shlex
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from .axes import has_machine_wide
from .changed import Reached
from .confirmation import OWN, PACKAGE, find_python, split_arguments
from .judging import Judge, give_up
from .lab import BASE_HASH_SEED, Lab, Progress, Run, count_failures, find_meetings
from .memory import Memory, build_key
from .oracle import NothingToHuntError
from .recorded import build_steps, read_failures
from .survey import (
    ENOUGH_RUNS,
    MANY_TIMES,
    build_meetings,
    build_repeats,
    build_survey,
    choose_processes,
)
from .traits import read_traits
from .verdicts import HuntRecord, Kind, Shown, Verdict

REPEATS: Final = "repeats"
MEETINGS: Final = "meetings"

TWICE: Final = 2

TIMES: Final = 6
MOST_MEETINGS: Final = 30
"""How many pairs of tests meet, and how often each."""

LONGEST_SURVEY: Final = 0.5
LONGEST_REPEATS: Final = 0.3
LONGEST_STEP: Final = 0.05
"""Shares of the budget; what they leave is for the suspects."""

FIRST_PATIENCE_S: Final = 600.0
PATIENCE: Final = 10.0
MORE_PATIENCE_S: Final = 20.0
"""A run that takes so many times what the first one took, and more, hangs."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asks for."""

    arguments: tuple[str, ...]
    """Pytest's."""
    budget_s: float
    seed: int
    cores: int
    root: Path
    """Where pytest starts."""
    memory: Path | None = None
    """Where an earlier hunt left what it had."""
    is_fresh: bool = False
    """Whether that is forgotten."""
    shelf: Path | None = None
    """Where the schedules of past runs lie."""
    reached: Reached | None = None
    """The tests that are hunted; None: all."""
    since: str | None = None
    """The revision of the diff that reaches them; None: none was asked for."""


@dataclass(slots=True)
class Hunt:
    """One hunt, from its begin to its record."""

    wish: Wish
    directory: Path
    progress: Progress
    clock: Callable[[], float] = time.monotonic
    verdicts: list[Verdict] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_complete: bool = True

    def conduct(self) -> HuntRecord:
        """Hunt until all suspects have a verdict, or the budget is spent, or somebody interrupts.

        :raises NothingToHuntError: nothing can be collected.
        """
        started, began = time.time(), self.clock()
        options, targets = split_arguments(self.wish.arguments, self.wish.root)
        lab = Lab(
            [*OWN, *options],
            {**os.environ},
            self.directory,
            targets=targets,
            deadline=began + self.wish.budget_s,
            clock=self.clock,
        )
        try:
            self._hunt(lab)
        except KeyboardInterrupt:
            self.is_complete = False
            self.notes.append("interrupted; the same command goes on from here")
        finally:
            lab.close()
        return self._build_record(lab, started)

    def _hunt(self, lab: Lab) -> None:
        lab.prepare(BASE_HASH_SEED)
        if lab.collection.errors:
            raise NothingToHuntError("\n".join(lab.collection.errors))
        memory = self._open_memory(lab)
        targets = self._find_targets(lab)
        has_time_machine = importlib.util.find_spec("time_machine") is not None
        if not has_time_machine:
            self.left_out.append("other clocks: time-machine is not installed")
        self._survey(lab, memory, has_time_machine=has_time_machine)
        self._let_meet(lab, memory)
        self._repeat(lab, memory, targets)
        self._judge_all(lab, memory, targets, has_time_machine=has_time_machine)
        if self.is_complete:
            memory.forget()

    def _open_memory(self, lab: Lab) -> Memory:
        wish = self.wish
        key = build_key(lab.collection.root, lab.collection.nodeids, wish.arguments, wish.seed)
        memory = Memory(wish.memory, key)
        if wish.is_fresh:
            memory.forget()
        memory.read()
        if memory.runs:
            self.notes.append(f"went on from {len(memory.runs)} requests of an earlier hunt")
        return memory

    def _find_targets(self, lab: Lab) -> list[int]:
        nodeids, reached = lab.collection.nodeids, self.wish.reached
        if reached is None:
            return list(range(len(nodeids)))
        self.notes.extend(f"no test needs {path}, which has changed" for path in reached.unreached)
        return [test for test, nodeid in enumerate(nodeids) if reached.holds(nodeid)]

    def _survey(self, lab: Lab, memory: Memory, *, has_time_machine: bool) -> None:
        nodeids = lab.collection.nodeids
        traits = read_traits(lab.collection.sources, lab.collection.files)
        survey = build_survey(
            len(nodeids),
            cores=self.wish.cores,
            seed=self.wish.seed,
            has_time_machine=has_time_machine,
            traits=traits,
        )
        failures = read_failures(self.wish.shelf, nodeids)
        survey[1:1] = build_steps(failures, self.wish.seed * 1000 + 800)
        known = iter([runs for runs in memory.runs if runs[0].axis not in (REPEATS, MEETINGS)])
        lab.patience_s = FIRST_PATIENCE_S
        until = self.clock() + self.wish.budget_s * LONGEST_SURVEY
        for number, step in enumerate(survey, start=1):
            # What was left out is not in memory either.
            if len(step.request.casts[0].tests) > lab.most_tests:
                self.left_out.append(f"{step.axis}: the suite takes too long for that")
                continue
            if (remembered := next(known, None)) is not None:
                runs = remembered
                lab.take_in(runs)
            elif self.clock() > until:
                self.is_complete = False
                self.left_out.append(f"{step.axis}: the budget is spent")
                continue
            else:
                self.progress.update(f"survey, {number} of {len(survey)}: {step.axis}")
                runs = lab.run(step.axis, step.request, step.hash_seed)
                memory.note_runs(runs)
            if number == 1:
                self._learn(lab, runs)
                lab.prepare(*choose_processes(traits))

    def _learn(self, lab: Lab, runs: Sequence[Run]) -> None:
        """Learn from the first run what the others may take, and what runs beside what."""
        sightings = [one for run in runs for one in run.answer.sightings]
        took_s = sightings[-1].stop_s - sightings[0].start_s if sightings else 0.0
        lab.patience_s = PATIENCE * max(took_s, 0.0) + MORE_PATIENCE_S
        lab.is_lonely = has_machine_wide(runs)
        tests = len(lab.collection.nodeids)
        if MANY_TIMES * took_s > self.wish.budget_s * LONGEST_STEP:
            lab.most_tests = TWICE * tests

    def _let_meet(self, lab: Lab, memory: Memory) -> None:
        """Let those tests run beside each other, again and again, that touch the same thing."""
        if any(runs[0].axis == MEETINGS for runs in memory.runs):
            return
        pairs = find_meetings(lab)[:MOST_MEETINGS]
        until = self.clock() + self.wish.budget_s * LONGEST_REPEATS
        for number, request in enumerate(build_meetings(pairs * TIMES, self.wish.seed * 1000)):
            if all(has_failed_in_company(lab, cast.tests[0]) for cast in request.casts):
                continue
            if self.clock() > until or lab.is_over():
                self.left_out.append("tests that touch the same thing beside each other: no time")
                return
            self.progress.update(f"meetings: {number} of {len(pairs) * TIMES}")
            memory.note_runs(lab.run(MEETINGS, request))

    def _repeat(self, lab: Lab, memory: Memory, targets: Sequence[int]) -> None:
        """Repeat the tests that have never failed until they are accepted as sound."""
        for runs in memory.runs:
            if runs[0].axis in (REPEATS, MEETINGS):
                lab.take_in(runs)
        until = self.clock() + self.wish.budget_s * LONGEST_REPEATS
        number = 0
        while self.clock() < until and not lab.is_over():
            calm = [
                test
                for test in targets
                if not count_failures(lab, test) and len(lab.seen.get(test, ())) < ENOUGH_RUNS
            ]
            if not calm:
                return
            number += 2
            self.progress.update(f"repeats: {len(calm)} tests not yet accepted")
            seed = self.wish.seed * 1000 + 900 + number
            memory.note_runs(lab.run(REPEATS, build_repeats(calm, 2, seed)))

    def _judge_all(
        self, lab: Lab, memory: Memory, targets: Sequence[int], *, has_time_machine: bool
    ) -> None:
        known = {verdict.nodeid: verdict for verdict in memory.verdicts}
        suspects = [test for test in find_suspects(lab) if test in set(targets)]
        for number, test in enumerate(suspects, start=1):
            name = lab.collection.nodeids[test]
            if name in known:
                self.verdicts.append(known[name])
            elif lab.is_over():
                self.is_complete = False
                self.left_out.append(f"why {name} fails: the budget is spent")
                self.verdicts.append(give_up(lab, test))
            else:
                self.progress.update(f"suspect {number} of {len(suspects)}: {name}")
                judge = Judge(lab, self.wish.arguments, self.wish.cores, has_time_machine)
                self.verdicts.append(judge.judge(test))
                memory.note_verdict(self.verdicts[-1])
                self.progress.tell(f"{name}: {self.verdicts[-1].kind}")

    def _build_record(self, lab: Lab, started: float) -> HuntRecord:
        calm = [test for test, seen in lab.seen.items() if not count_failures(lab, test)]
        fewest = min((len(lab.seen[test]) for test in calm), default=0)
        return HuntRecord(
            hunt_id=uuid.uuid4().hex[:8],
            started=started,
            finished=time.time(),
            command=build_command(self.wish),
            verdicts=number_clusters(self.verdicts),
            sound=Shown(len(calm), fewest),
            axes=dict(lab.axes),
            left_out=tuple(self.left_out),
            notes=tuple(self.notes),
            is_complete=self.is_complete,
        )


def has_failed_in_company(lab: Lab, test: int) -> bool:
    """Tell whether a test has failed while others ran at the same time, in step."""
    return any(seen.run.has_company and seen.sighting.is_failure for seen in lab.seen.get(test, ()))


def find_suspects(lab: Lab) -> list[int]:
    """Return the tests that failed in any run, the most often failing first."""
    failing = [test for test in lab.seen if count_failures(lab, test)]
    return sorted(failing, key=lambda test: (-count_failures(lab, test), test))


def number_clusters(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Give the same number to tests with the same failure, or with the same culprits."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, verdict in enumerate(verdicts):
        is_led = verdict.culprits and verdict.kind in (Kind.VICTIM, Kind.BRITTLE, Kind.IMPORT)
        key = (verdict.kind, *verdict.culprits) if is_led else (verdict.fingerprint,)
        groups.setdefault(key, []).append(place)
    numbers = {
        place: number
        for number, places in enumerate([one for one in groups.values() if len(one) > 1], start=1)
        for place in places
    }
    return tuple(
        replace(verdict, cluster=numbers.get(place, 0)) for place, verdict in enumerate(verdicts)
    )


def build_command(wish: Wish) -> str:
    """Build the command that hunts again with the same choices."""
    words = [find_python(), "-m", PACKAGE, "hunt", f"--seed={wish.seed}"]
    if wish.since is not None:
        words += ["--changed", f"--since={wish.since}"]
    return shlex.join([*words, f"--budget={wish.budget_s:g}s", *wish.arguments])
