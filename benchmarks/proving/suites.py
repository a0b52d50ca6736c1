"""Suites from a seed: what each test is marked with, and how the suite is run.

The plan is all that the check knows of a suite; it is never asked from the infrastructure.
"""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

EXCLUSIVE: Final = "serial"
MARKER_WIDTHS: Final[Mapping[str, int]] = {"slow": 1, "integration": 2, "resource_intensive": 1}
"""Lanes that the infrastructure has by default; written down here once more on purpose."""

DISTS: Final = ("load", "worksteal", "loadscope", "loadfile", "loadgroup")
CRASHES: Final = ("exit", "kill", "late")
"""Kinds of tests that end their worker: by `os._exit`, by a signal, in a fixture's teardown."""

OUTSIDE: Final = ("fixture", "loop", "end")
"""Where else one worker ends: in a session fixture, before its first test, after its last."""


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """One test function; its name is unique in the suite."""

    name: str
    file: str
    class_name: str
    sleep_ms: float
    is_exclusive: bool
    lanes: tuple[str, ...]
    groups: tuple[str, ...]
    kind: str
    """`plain`, `async`, `fails`, `skips`, or one of `CRASHES`."""
    parameters: int
    """How often it is parametrised; 1: not at all."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A suite, and the run of it."""

    seed: int
    tests: Sequence[PlannedTest]
    widths: Mapping[str, int]
    """Every lane that a test may be in, by name."""
    workers: int
    dist: str
    count: int
    has_history: bool
    crash_outside: str
    """Empty, or one of `OUTSIDE`: where one worker crashes once outside of a test's body."""
    maxfail: int
    """0: no limit, so that every test has to be reported."""

    @property
    def arguments(self) -> list[str]:
        """What is given to pytest on top of what every run gets."""
        count = [f"--count={self.count}"] if self.count > 1 else []
        maxfail = [f"--maxfail={self.maxfail}"] if self.maxfail else []
        return ["-n", str(self.workers), "--dist", self.dist, *count, *maxfail]

    @property
    def has_crashes(self) -> bool:
        """Whether any worker shall crash."""
        return bool(self.crash_outside) or any(test.kind in CRASHES for test in self.tests)


def build_plan(seed: int, *, has_crashes: bool) -> Plan:
    """Build the suite of a seed, and choose how it is run."""
    # No secret depends on it, and the same seed must give the same suite.
    dice = random.Random(seed)  # noqa: S311  it has to come again
    own_lanes = {f"own{number}": dice.randint(1, 3) for number in range(dice.randint(0, 3))}
    tests = [_plan_test(dice, number, own_lanes) for number in range(dice.randint(20, 80))]
    if has_crashes:
        tests = _plan_crashes(dice, tests)
    return Plan(
        seed=seed,
        tests=tests,
        widths={**MARKER_WIDTHS, **own_lanes},
        workers=dice.randint(1, 8),
        dist=dice.choice(DISTS),
        count=dice.choice((1, 1, 1, 2)),
        has_history=dice.random() < 0.5,
        crash_outside=dice.choice(("", "", "", *OUTSIDE)) if has_crashes else "",
        maxfail=dice.choice((0,) * 9 + (1, 2)),
    )


def build_durations(plan: Plan) -> dict[str, float]:
    """Build past durations by node id: most are right, some wrong, missing, or of no test."""
    dice = random.Random(plan.seed)  # noqa: S311  no secret
    nodeids = [nodeid for test in plan.tests for nodeid in build_nodeids(plan, test)]
    sleeps = {test.name: test.sleep_ms / 1000 for test in plan.tests}
    right = {nodeid: sleeps[name_of(nodeid)] for nodeid in nodeids if dice.random() < 0.8}
    wrong = {nodeid: dice.random() * 5 for nodeid in nodeids if dice.random() < 0.1}
    return {**right, **wrong, "test_gone.py::test_gone": 3.0}


def build_last_failed(plan: Plan) -> dict[str, bool]:
    """Build what pytest's cache keeps of the last failures: some tests, and one that is gone."""
    dice = random.Random(plan.seed)  # noqa: S311  no secret
    nodeids = [nodeid for test in plan.tests for nodeid in build_nodeids(plan, test)]
    return dict.fromkeys([one for one in nodeids if dice.random() < 0.1] + ["gone.py::gone"], True)


def find_homes(plan: Plan, nodeid: str) -> tuple[str, ...]:
    """Return the names of all that keeps a test on one worker: groups, and `--dist`'s scope."""
    groups = next(test.groups for test in plan.tests if test.name == name_of(nodeid))
    if plan.dist == "loadscope":
        return (*groups, nodeid.rsplit("::", 1)[0])
    if plan.dist == "loadfile":
        return (*groups, nodeid.split("::", 1)[0])
    return groups


def build_nodeids(plan: Plan, test: PlannedTest) -> list[str]:
    """Build the node ids of a function: one for each parameter and each repetition."""
    scope = f"{test.file}::{test.class_name}::" if test.class_name else f"{test.file}::"
    numbers = [str(number) for number in range(test.parameters)] if test.parameters > 1 else [""]
    counts = [f"{one + 1}-{plan.count}" for one in range(plan.count)] if plan.count > 1 else [""]
    ids = ["-".join(filter(None, pair)) for pair in itertools.product(numbers, counts)]
    return [f"{scope}{test.name}[{one}]" if one else f"{scope}{test.name}" for one in ids]


def name_of(nodeid: str) -> str:
    """Return the name of a node id's function, which is unique in a suite."""
    return nodeid.rsplit("::", 1)[-1].split("[", 1)[0]


def render_files(plan: Plan) -> dict[str, str]:
    """Render the modules of the suite by file name."""
    files: dict[str, list[str]] = {}
    for test in plan.tests:
        header = ["import asyncio", "import time", "", "import pytest", ""]
        lines = files.setdefault(test.file, header)
        body = _render_test(plan, test)
        if test.class_name:
            lines += [f"class {test.class_name}:", *(f"    {line}" for line in body), ""]
        else:
            lines += [*body, ""]
    return {name: "\n".join(lines) for name, lines in files.items()}


def _plan_test(dice: random.Random, number: int, own_lanes: Mapping[str, int]) -> PlannedTest:
    draw = dice.random
    markers = [name for name in MARKER_WIDTHS if draw() < 0.08]
    own = [name for name in own_lanes if draw() < 0.12]
    groups = [f"group{one}" for one in range(3) if draw() < 0.05]
    file_number = dice.randint(0, 4)
    return PlannedTest(
        name=f"test_{number:03}",
        file=f"test_file{file_number}.py",
        class_name=f"TestClass{number:03}" if draw() < 0.25 else "",
        sleep_ms=dice.choice((0, 0, 1, 2, 5, 15)) * draw(),
        is_exclusive=draw() < 0.1,
        lanes=(*markers, *own),
        groups=tuple(groups),
        kind=dice.choices(("plain", "async", "fails", "skips"), (80, 10, 4, 4))[0],
        parameters=dice.choice((1, 1, 1, 1, 3)),
    )


def _plan_crashes(dice: random.Random, tests: Sequence[PlannedTest]) -> list[PlannedTest]:
    """Let one to three tests end their worker: an exclusive one, one in a lane, the last, any."""
    places = (
        [number for number, test in enumerate(tests) if test.is_exclusive],
        [number for number, test in enumerate(tests) if test.lanes],
        [number for number, test in enumerate(tests) if test.groups],
        [len(tests) - 1],
        list(range(len(tests))),
    )
    found = list(tests)
    for _ in range(dice.randint(1, 3)):
        number = dice.choice(dice.choice([place for place in places if place]))
        found[number] = _let_crash(found[number], dice.choice(CRASHES))
    return found


def _let_crash(test: PlannedTest, kind: str) -> PlannedTest:
    return replace(test, kind=kind, parameters=1)


def _render_test(plan: Plan, test: PlannedTest) -> list[str]:
    marks = [EXCLUSIVE] if test.is_exclusive else []
    marks += [lane for lane in test.lanes if lane in MARKER_WIDTHS]
    marks += [
        f'lane("{lane}", width={plan.widths[lane]})'
        for lane in test.lanes
        if lane not in MARKER_WIDTHS
    ]
    marks += [f'xdist_group("{group}")' for group in test.groups]
    arguments = ["self"] if test.class_name else []
    if test.parameters > 1:
        marks.append(f'parametrize("number", range({test.parameters}))')
        arguments.append("number")
    if test.kind == "async":
        marks.append("asyncio")
    if test.kind in CRASHES:
        arguments.append("crash_late" if test.kind == "late" else "crash")
    prefix = "async def" if test.kind == "async" else "def"
    head = f"{prefix} {test.name}({', '.join(arguments)}):"
    return [*(f"@pytest.mark.{mark}" for mark in marks), head, *_render_body(test)]


def _render_body(test: PlannedTest) -> list[str]:
    seconds = f"{test.sleep_ms / 1000:.5f}"
    sleep = f"await asyncio.sleep({seconds})" if test.kind == "async" else f"time.sleep({seconds})"
    last = {
        "fails": "assert False",
        "skips": "pytest.skip('planned')",
        "exit": "crash('exit')",
        "kill": "crash('kill')",
    }
    return [f"    {sleep}", f"    {last.get(test.kind, 'pass')}"]
