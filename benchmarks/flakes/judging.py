"""What a hunter said of a suite, beside what was planted there.

Where verdicts come from is left to `hunters` and `rivals`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flakes.expected import Flaky, Plant

NO_VERDICTS: Final = frozenset({"fails always"})
"""Kinds of verdict that do not say that a test is flaky."""


@dataclass(frozen=True, slots=True)
class Accusation:
    """One test that a hunter calls flaky, or broken, and why."""

    nodeid: str
    kind: str
    culprits: tuple[str, ...] = ()
    command: str = ""


@dataclass(frozen=True, slots=True)
class Commands:
    """How often the commands of a suite's verdicts failed again."""

    asked: int = 0
    """Verdicts on planted tests."""
    given: int = 0
    """Those with a command."""
    kept: int = 0
    """Those whose command failed often enough."""
    failures: tuple[int, ...] = ()
    """Of each command, among `runs`."""
    runs: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """How a hunter did on one suite."""

    suite: str
    kinds: tuple[str, ...]
    """What was planted; empty for a sound suite."""
    is_order_dependent: bool
    planted: int
    found: int
    """Flaky tests that it calls flaky."""
    said: tuple[str, ...]
    """The kinds that it gives those."""
    is_kind_right: bool
    """Some flaky test was found, and all of them got a right kind."""
    are_culprits_right: bool
    """Likewise, and the culprits of each are a true minimal set."""
    accused: tuple[str, ...]
    """Innocent tests that got a verdict, with its kind."""
    took_s: float
    problem: str = ""
    """Why there is no answer."""
    commands: Commands = Commands()

    @property
    def is_found(self) -> bool:
        """Whether a flaky test of the suite was found."""
        return self.found > 0

    @property
    def is_sound(self) -> bool:
        """Whether nothing was planted."""
        return not self.planted


def judge(
    plant: Plant, accusations: Sequence[Accusation], took_s: float, problem: str = ""
) -> Score:
    """Judge what a hunter said of a planted suite."""
    flaky = {one.test: one for one in plant.flaky}
    right = select_found(plant, accusations)
    return Score(
        suite=plant.name,
        kinds=tuple(sorted(plant.kinds)),
        is_order_dependent=any(has_named_culprits(one) for one in plant.flaky),
        planted=len(flaky),
        found=len({one.nodeid for one in right}),
        said=tuple(dict.fromkeys(one.kind for one in right)),
        is_kind_right=bool(right) and all(one.kind in flaky[one.nodeid].kinds for one in right),
        are_culprits_right=bool(right)
        and all(has_right_culprits(flaky[one.nodeid], one) for one in right),
        accused=_list_accused(accusations, frozenset(flaky)),
        took_s=took_s,
        problem=problem,
    )


def judge_sound(
    suite: str, accusations: Sequence[Accusation], took_s: float, problem: str = ""
) -> Score:
    """Judge what a hunter said of a suite in which nothing is flaky."""
    return Score(
        suite=suite,
        kinds=(),
        is_order_dependent=False,
        planted=0,
        found=0,
        said=(),
        is_kind_right=False,
        are_culprits_right=False,
        accused=_list_accused(accusations, frozenset()),
        took_s=took_s,
        problem=problem,
    )


def select_found(plant: Plant, accusations: Sequence[Accusation]) -> list[Accusation]:
    """Select the accusations that call a planted test flaky."""
    return [one for one in accusations if one.nodeid in plant.tests and one.kind not in NO_VERDICTS]


def has_named_culprits(flaky: Flaky) -> bool:
    """Tell whether the order of tests, or of files, decides, so that there are true culprits."""
    return flaky.is_order_dependent or "import-time pollution" in flaky.kinds


def has_right_culprits(flaky: Flaky, said: Accusation) -> bool:
    """Tell whether the culprits are one of the true minimal sets; their order doesn't matter."""
    return any(set(said.culprits) == set(one) for one in flaky.culprits or ((),))


def _list_accused(accusations: Sequence[Accusation], flaky: frozenset[str]) -> tuple[str, ...]:
    return tuple(f"{one.nodeid} ({one.kind})" for one in accusations if one.nodeid not in flaky)
