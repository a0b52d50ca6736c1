"""What a tool found in a planted suite, beside what was planted there.

Where findings come from is left to `ours` and `rivals`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from planted import Plant
from planted.plant import CULPRIT_FILE

UNNAMED: Final = "unnamed"
"""The resource of a finding that blames somebody and can't say what for."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a tool says was left behind."""

    kind: str
    """test, fixture or import: what is blamed."""
    culprit: str
    resource: str
    text: str
    """What else it says."""

    def __str__(self) -> str:
        return f"{self.resource} by {self.kind} {self.culprit}: {self.text}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a tool did on one plant."""

    plant: str
    resource: str
    is_found: bool
    """Resource and culprit are right, in one finding."""
    is_culprit_right: bool
    """Some finding has the right culprit, whatever its resource."""
    is_resource_right: bool
    """Some finding has the right resource, whoever is blamed."""
    extras: Sequence[str]
    """Findings that are neither the plant nor a by-product of it."""
    findings: Sequence[str]


def judge(plant: Plant, findings: Sequence[Finding], *, knows_tests_only: bool = False) -> Verdict:
    """Judge what a tool found; one that can only name tests may name any of the culprit's module.

    That is where the tests are that use a planted fixture, or that an import comes with.
    """

    def is_culprit(one: Finding) -> bool:
        if any(culprit.is_named(one.kind, one.culprit) for culprit in plant.culprits):
            return True
        is_beyond_tests = any(culprit.kind != "test" for culprit in plant.culprits)
        return knows_tests_only and is_beyond_tests and one.culprit.startswith(f"{CULPRIT_FILE}::")

    def is_lawful(one: Finding) -> bool:
        is_right = one.resource in (plant.resource, UNNAMED) and is_culprit(one)
        return is_right or one.resource in plant.by_products

    return Verdict(
        plant=plant.name,
        resource=plant.resource,
        is_found=any(one.resource == plant.resource and is_culprit(one) for one in findings),
        is_culprit_right=any(is_culprit(one) for one in findings),
        is_resource_right=any(one.resource == plant.resource for one in findings),
        extras=tuple(str(one) for one in findings if not is_lawful(one)),
        findings=tuple(str(one) for one in findings),
    )
