"""Our hunter on one suite: a fresh copy, a hunt in it, and its commands run again.

What the answers are worth is decided by `judging`.
"""

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from flakes.expected import Plant
from flakes.judging import Accusation, Commands, Score, judge, judge_sound, select_found
from flakes.trials import build_environ

ROOT: Final = Path(__file__).parents[2]
INI: Final = (
    "[pytest]\naddopts = -p tests.infra.plugin\nasyncio_default_fixture_loop_scope = function\n"
)
HUNTER: Final = f"{shlex.quote(sys.executable)} -m tests.infra hunt --budget {{budget}} --json"
GRACE_S: Final = 60.0
"""How much longer than its budget a hunt may take before it is ended."""
COMMAND_TIMEOUT_S: Final = 120.0
FAILED: Final = 1
"""pytest's exit code where tests failed; all others mean something else."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one hunt."""

    accusations: tuple[Accusation, ...]
    took_s: float
    problem: str
    output: str


def hunt(place: Path, command: str, budget_s: float) -> Answer:
    """Hunt in a copy of a suite, and read what the hunter says."""
    start = time.monotonic()
    budgeted = command.replace("{budget}", f"{budget_s:g}s")
    status, output, errors = run_shell(place, budgeted, budget_s + GRACE_S)
    took_s = time.monotonic() - start
    if status is None:
        return Answer((), took_s, f"ended after {took_s:.0f} s", output + errors)
    try:
        return Answer(tuple(read_accusations(output)), took_s, "", output)
    except (ValueError, KeyError, TypeError) as error:
        problem = f"exit code {status}, no record: {error!r}"
        return Answer((), took_s, problem, output + errors)


def judge_answer(name: str, plant: Plant | None, answer: Answer) -> Score:
    """Judge an answer on a planted suite, or on a sound one."""
    if plant is None:
        return judge_sound(name, answer.accusations, answer.took_s, answer.problem)
    return judge(plant, answer.accusations, answer.took_s, answer.problem)


def read_accusations(text: str) -> list[Accusation]:
    """Read the verdicts from the printed record of a hunt.

    :raises ValueError, KeyError, TypeError: it is no such record.
    """
    # Any: another program's JSON.
    found: Mapping[str, Any] = json.loads(text)
    return [
        Accusation(one["nodeid"], one["kind"], tuple(one["culprits"]), one["command"])
        for one in found["verdicts"]
    ]


def repeat_commands(place: Path, plant: Plant, answer: Answer, runs: int, least: int) -> Commands:
    """Run the command of each verdict on a planted test again and again."""
    asked = select_found(plant, answer.accusations)
    failures = [_count_failures(place, one, runs) for one in asked if one.command]
    return Commands(
        asked=len(asked),
        given=len(failures),
        kept=sum(count >= least for count in failures),
        failures=tuple(failures),
        runs=runs,
    )


def add_commands(score: Score, commands: Commands) -> Score:
    """Return the score with what became of the commands."""
    return replace(score, commands=commands)


def _count_failures(place: Path, said: Accusation, runs: int) -> int:
    function = re.escape(said.nodeid.split("::")[-1])
    count = 0
    for _ in range(runs):
        status, output, errors = run_shell(place, said.command, COMMAND_TIMEOUT_S)
        # Another test's failure, or none at all, would not be this one again.
        count += status == FAILED and re.search(function, output + errors) is not None
    return count


def run_shell(
    place: Path, command: str, timeout_s: float, *, root: Path | None = ROOT
) -> tuple[int | None, str, str]:
    """Run a command in `place`; return its exit code (none: it was ended) and what it printed."""
    process = subprocess.Popen(
        ["sh", "-c", command],
        cwd=place,
        env=build_environ(place, {"PYTHONPATH": str(root)} if root else {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        _end_group(process)
        output, errors = process.communicate()
        return None, output, errors
    except BaseException:
        # An interrupt reaches us only: the command is in a session of its own.
        _end_group(process)
        raise
    return process.returncode, output, errors


def _end_group(process: "subprocess.Popen[str]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def sum_commands(scores: Sequence[Score]) -> Commands:
    """Add up what became of the commands of many suites."""
    return Commands(
        asked=sum(one.commands.asked for one in scores),
        given=sum(one.commands.given for one in scores),
        kept=sum(one.commands.kept for one in scores),
        runs=max((one.commands.runs for one in scores), default=0),
    )
