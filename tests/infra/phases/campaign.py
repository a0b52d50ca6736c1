"""Judges gates one after the other, and puts each verdict on record and into a commit.

What each gate asks is in the modules of the phases; the way back is in `rollback`.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ..errors import InfraError, PhaseError
from .backup import Backup
from .catalogue import OUTPUTS, list_gates
from .commits import Repository, build_message
from .evidence import Evidence
from .gates import Gate, Judgement, Verdict, build_failure
from .progress_file import NAME, append_line, read_last_figures, render_line

NO_COMMIT = "none"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asks for."""

    phases: Sequence[int]
    is_committing: bool = False
    is_check_only: bool = False
    is_keeping_going: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One gate, judged."""

    gate: Gate
    judgement: Judgement
    judged: str
    """The commit that was judged; `-dirty` where there was more than that."""
    took_s: float
    changed: Sequence[str] = ()
    commit: str = ""
    """The commit that was made of it."""


@dataclass(slots=True)
class Campaign:
    """One invocation; after an interrupt, the results are those until then."""

    root: Path
    wish: Wish
    build_evidence: Callable[[], Evidence]
    """Anew for each phase: what was found before may have changed."""
    tell: Callable[[str], None]
    """Hears what is judged now."""
    repository: Repository
    backup: Backup
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    results: list[Result] = field(default_factory=list)
    is_interrupted: bool = False

    def conduct(self) -> None:
        """Judge the gates of each phase; stop after a phase that failed.

        :raises PhaseError: before anything: commits can't be made; or later: one is refused.
        """
        if self.wish.is_committing:
            self.check_ready()
        try:
            for phase in self.wish.phases:
                self._judge_phase(phase)
                if not self.wish.is_keeping_going and self.has_failed():
                    return
        except KeyboardInterrupt:
            self.is_interrupted = True

    def check_ready(self) -> None:
        """Check that a commit can be made of each gate.

        :raises PhaseError: it can't.
        """
        evidence = self.build_evidence()
        is_marking = 1 in self.wish.phases and not self.wish.is_check_only
        self.repository.check_ready(evidence.suite if is_marking else (), [NAME, *OUTPUTS])
        if self.backup.list_files():
            raise PhaseError(
                "phases without --commit have left changes that can still be taken back",
                ", ".join(self.backup.list_files()),
                "--rollback them first, or keep them: commit them and delete .parallel_test_backup",
            )

    def has_failed(self) -> bool:
        """Tell whether any gate failed."""
        return any(result.judgement.verdict is Verdict.FAILED for result in self.results)

    def _judge_phase(self, phase: int) -> None:
        evidence = self.build_evidence()
        evidence.last_figures = read_last_figures(self.root)
        for gate in list_gates(phase):
            self.tell(f"{gate.title}: {gate.name} ({len(self.results)} judged)")
            self._judge_gate(gate, evidence)

    def _judge_gate(self, gate: Gate, evidence: Evidence) -> None:
        began = time.monotonic()
        judged = self._describe_commit()
        self.backup.begin([*_list_files(gate, evidence), self.root / NAME])
        try:
            judgement = _judge(gate, evidence)
            if judgement.verdict is not Verdict.NOT_RUN:
                line = render_line(
                    gate.title, judgement.verdict, judged, self.now(), judgement.figure
                )
                append_line(self.root, line)
        except BaseException:
            self._leave()
            raise
        changed = self.backup.end()
        result = Result(gate, judgement, judged, time.monotonic() - began, changed)
        self.results.append(self._commit(result))

    def _leave(self) -> None:
        """Leave a gate that was not judged; with commits, nothing of it may be in the way of more.

        Without commits, what it changed can be taken back with all the rest.
        """
        changed = self.backup.end()
        if self.wish.is_committing:
            self.backup.restore(changed)
        self.backup.settle()

    def _commit(self, result: Result) -> Result:
        if not self.wish.is_committing or not result.changed:
            self.backup.settle()
            return result
        judgement = result.judgement
        message = build_message(result.gate.title, judgement.verdict.value, judgement.figure)
        commit = self.repository.commit(result.changed, message)
        self.backup.forget()
        return Result(result.gate, judgement, result.judged, result.took_s, result.changed, commit)

    def _describe_commit(self) -> str:
        """Return what is judged: the commit, and whether the files are its own."""
        head = self.repository.get_head()
        if not head:
            return NO_COMMIT
        ours = {NAME, *OUTPUTS}
        is_dirty = any(name not in ours for name in self.repository.find_changed())
        return f"{head}-dirty" if is_dirty else head


def _judge(gate: Gate, evidence: Evidence) -> Judgement:
    """Judge; a mistake in what the user gave fails the gate that met it."""
    try:
        return gate.judge(evidence)
    except InfraError as error:
        return build_failure("can't be judged", "mend what is said here", str(error))


def _list_files(gate: Gate, evidence: Evidence) -> Sequence[Path]:
    try:
        return list(gate.list_files(evidence))
    except InfraError:
        # A path that isn't there: judging meets it, too, and tells.
        return ()
