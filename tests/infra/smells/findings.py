"""What the check has to say: findings, as records.

What they mean is in `rules`; how they are printed, in `rendering`.
"""

from dataclasses import dataclass

from .rules import RULES, Rule


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One smell at one place."""

    path: str
    """As it is shown: relative to the working directory where it lies below that."""
    line: int
    """From 1."""
    column: int
    """From 1."""
    rule_id: str
    message: str
    tests: tuple[str, ...] = ()
    """Node ids of the tests that it concerns, without parameters."""

    @property
    def rule(self) -> Rule:
        """The rule that it breaks."""
        return RULES[self.rule_id]

    def to_data(self) -> dict[str, object]:
        """Build what `--json` prints."""
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "rule": self.rule_id,
            "name": self.rule.name,
            "severity": self.rule.severity.value,
            "message": self.message,
            "why": self.rule.why,
            "mend": self.rule.mend,
            "tests": list(self.tests),
        }


@dataclass(frozen=True, slots=True, order=True)
class Unreadable:
    """A file that could not be checked."""

    path: str
    line: int
    problem: str

    def render(self) -> str:
        """Render place and problem."""
        return f"{self.path}:{self.line}: can't be checked: {self.problem}"
