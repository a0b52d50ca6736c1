"""What `mark` has decided and done, in words and as data; pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .categories import Category, Decision
from .subjects import Orphan, Subject


@dataclass(frozen=True, slots=True)
class Decided:
    """A test function and its category."""

    subject: Subject
    decision: Decision
    path: str
    """From pytest's root directory."""

    @property
    def name(self) -> str:
        """The function, as a node id."""
        return f"{self.path}::{self.subject.definition.qualname.replace('.', '::')}"

    @property
    def line(self) -> int:
        """The line of its `def`, as it was before."""
        return self.subject.definition.node.lineno


@dataclass(frozen=True, slots=True)
class Marking:
    """All that one call of `mark` found out and did."""

    decided: Sequence[Decided]
    orphans: Sequence[Orphan] = ()
    broken: Mapping[str, str] = field(default_factory=dict)
    """Files that were left, and why."""
    changed: Sequence[str] = ()
    diff: str = ""
    is_written: bool = False
    evidence: str = ""
    """One sentence: what the decisions rest on."""
    unregistered: str = ""
    """What has to be added to the configuration, where markers aren't registered."""

    def to_data(self) -> dict[str, object]:
        """Return it for other programs."""
        return {
            "decisions": [entry for one in self.decided for entry in _list_decisions(one)],
            "for_a_person": [
                {"nodeid": orphan.nodeid, "reason": orphan.reason} for orphan in self.orphans
            ],
            "broken": dict(self.broken),
            "changed": list(self.changed),
            "diff": self.diff,
            "is_written": self.is_written,
            "evidence": self.evidence,
            "unregistered": self.unregistered,
        }


def render_marking(marking: Marking) -> str:
    """Render decisions, what a person should look at, and the diff."""
    return "\n".join(_render_lines(marking))


def render_check(without: Sequence[str], counts: Mapping[str, int], total: int) -> str:
    """Render what `--check` found."""
    numbers = ", ".join(f"{counts[name]} {name}" for name in counts)
    lines = [f"{nodeid}: has none of {', '.join(counts)}" for nodeid in without]
    return "\n".join([*lines, f"{total} tests: {numbers}, {len(without)} without a category"])


def count(decided: Sequence[Decided]) -> Mapping[str, int]:
    """Count the tests, not functions, of each category."""
    counts = Counter({category.value: 0 for category in Category})
    for one in decided:
        counts[one.decision.category.value] += len(one.subject.nodeids)
    return counts


def _list_decisions(one: Decided) -> Iterator[dict[str, object]]:
    for nodeid in one.subject.nodeids:
        yield {
            "nodeid": nodeid,
            "path": one.path,
            "line": one.line,
            "category": one.decision.category.value,
            "reasons": list(one.decision.reasons),
            "doubts": list(one.decision.doubts),
            "is_unsure": one.decision.is_unsure,
        }


def _render_lines(marking: Marking) -> Iterator[str]:
    if marking.diff and not marking.is_written:
        yield marking.diff
    for one in marking.decided:
        yield _render_decision(one)
    unsure = [one for one in marking.decided if one.decision.is_unsure]
    if unsure:
        yield f"\nFor a person to look at, with what speaks for another category: {len(unsure)}"
    for one in unsure:
        decision = one.decision
        yield f"  {one.name}: {decision.category} ({'; '.join(decision.reasons)})"
        yield from (f"    or {doubt}" for doubt in decision.doubts)
    if marking.orphans:
        yield f"\nFor a person to mark: {len(marking.orphans)}"
    yield from (f"  {orphan.nodeid}: {orphan.reason}" for orphan in marking.orphans)
    if marking.broken:
        yield f"\nLeft as they are: {len(marking.broken)}"
    yield from (f"  {path}: {reason}" for path, reason in marking.broken.items())
    yield f"\n{_render_sum(marking)}"


def _render_decision(one: Decided) -> str:
    sets = len(one.subject.nodeids)
    times = f" ({sets} tests)" if sets > 1 else ""
    reasons = "; ".join(one.decision.reasons)
    return f"{one.name}{times}: {one.decision.category}: {reasons}"


def _render_sum(marking: Marking) -> str:
    if not (marking.decided or marking.orphans):
        return "Every test has a category: nothing to do."
    numbers = ", ".join(f"{number} {name}" for name, number in count(marking.decided).items())
    files = f"{len(marking.changed)} file{'' if len(marking.changed) == 1 else 's'}"
    done = f"{files} written" if marking.is_written else f"{files} to change; --write does it"
    note = f"\n{marking.unregistered}" if marking.unregistered else ""
    return f"Without a category until now: {numbers}. {marking.evidence} {done}.{note}"
