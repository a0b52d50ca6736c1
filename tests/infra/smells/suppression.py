"""Comments that suppress a finding: `# isolation: ignore[PTI101] reason`.

One stands on the line of the finding, or alone on the line above it.
"""

import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from .findings import Finding
from .rules import RULES

MARK: Final = "isolation: ignore"
PATTERN: Final = re.compile(r"#\s*isolation:\s*ignore(?:\[([^\]]*)\])?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment."""

    line: int
    """Where it stands."""
    column: int
    target: int
    """The line that it is about."""
    rule_ids: tuple[str, ...]
    """Empty where it names none."""
    reason: str


def read_suppressions(text: str) -> Iterator[Suppression]:
    """Read the comments of a file that parses."""
    if MARK not in text:
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        found = PATTERN.match(token.string) if token.type == tokenize.COMMENT else None
        if found is None:
            continue
        line, column = token.start
        is_alone = not token.line[:column].strip()
        ids = tuple(part.strip() for part in (found[1] or "").split(",") if part.strip())
        yield Suppression(line, column + 1, line + is_alone, ids, found[2].strip(" :-"))


def apply(
    findings: Sequence[Finding], suppressions: Sequence[Suppression], path: str
) -> list[Finding]:
    """Drop what is suppressed, and add what is wrong with the comments."""
    kept = [
        finding
        for finding in findings
        if not any(_covers(suppression, finding) for suppression in suppressions)
    ]
    return kept + [
        finding for suppression in suppressions for finding in _check(suppression, findings, path)
    ]


def _covers(suppression: Suppression, finding: Finding) -> bool:
    return suppression.target == finding.line and finding.rule_id in suppression.rule_ids


def _check(suppression: Suppression, findings: Sequence[Finding], path: str) -> Iterator[Finding]:
    line, column = suppression.line, suppression.column
    if not suppression.reason:
        yield Finding(path, line, column, "PTI901", "a suppression gives no reason")
    if not suppression.rule_ids:
        yield Finding(path, line, column, "PTI902", "a suppression names no rule")
    for rule_id in suppression.rule_ids:
        if rule_id not in RULES:
            yield Finding(path, line, column, "PTI902", f"there is no rule {rule_id}")
        elif not any(f.line == suppression.target and f.rule_id == rule_id for f in findings):
            yield Finding(path, line, column, "PTI902", f"there is no {rule_id} to suppress")
