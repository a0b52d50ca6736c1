"""Fresh processes: a finding in a fork is confirmed with the very command that the user gets."""

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from ..leaks import FILE, Leak, read_leaks
from ..proving.journal import read_journal
from .conditions import Conditions
from .finding import Recipe
from .oracle import TEMP
from .undo import take_back
from .verdicts import Tally

PACKAGE: Final = __package__.rpartition(".")[0]
REHEARSAL: Final = f"{PACKAGE}.rehearsal"
RESTAGING: Final = f"{PACKAGE}.restaging"

ALONE: Final = ("-n", "0")

UNGUARDED: Final = ("--isolation=off",)
"""The guard puts back what a polluter leaves."""

GUARDED: Final = ("--isolation=report", "--isolation-tier=2", "--isolation-restore=off")

OWN: Final = (*ALONE, *UNGUARDED)

CONFIRMATIONS: Final = 2
"""How often the command must fail, and the test pass without the cause.

Forks have ruled out chance; here only that a fresh process makes a difference is left.
"""

END_PATIENCE_S: Final = 5.0
POLL_S: Final = 0.01

WITH_VALUE: Final = (
    *("-c", "--config-file", "--rootdir", "--confcutdir", "--basetemp", "--import-mode"),
    *("-k", "-m", "-p", "-o", "--override-ini", "-W", "--pythonwarnings", "-r", "-n", "--dist"),
    *("--deselect", "--ignore", "--ignore-glob", "--junit-xml", "--junitxml", "--log-file"),
    *("--tb", "--maxfail", "--durations", "--verbosity", "--color", "--capture"),
)
"""Options of pytest's whose value may be an argument of its own, and look like a path."""


@dataclass(slots=True)
class Fresh:
    """Runs recipes as commands of their own."""

    options: Sequence[str]
    """Pytest's options of the user, without the tests to run."""
    environ: Mapping[str, str]
    directory: Path
    root: Path
    timeout_s: float = 60.0

    def build_command(
        self, recipe: Recipe, nodeids: Sequence[str], guard: Sequence[str] = UNGUARDED
    ) -> str:
        """Build the command for a shell in the root directory.

        :param nodeids: of all tests, by position.
        """
        variables = _find_variables(recipe)
        words = [find_python(), "-m", "pytest", *self.options, *ALONE, *guard]
        tests = [nodeids[test] for test in recipe.tests]
        if recipe.files:
            words += ["-p", REHEARSAL, "--order=natural", f"--only={tests[-1]}", *recipe.files]
            return _join(variables, words)
        if len(set(tests)) < len(tests):
            words += find_repetition(tests)
            tests = list(dict.fromkeys(tests))
        staging = _find_staging(recipe, nodeids)
        if staging:
            words += ["-p", RESTAGING, *staging]
        beside = [nodeids[test] for test in recipe.beside if test not in recipe.tests]
        return _join(variables, [*words, *tests, *beside])

    def confirm(self, command: str, nodeid: str, times: int, *, at_once: int = 2) -> Tally:
        """Run a command so many times, and count how often the test failed."""
        return self.confirm_all([(command, times)], nodeid, at_once=at_once)[0]

    def confirm_all(
        self, commands: Sequence[tuple[str, int]], nodeid: str, *, at_once: int = 2
    ) -> list[Tally]:
        """Run each command so many times, and count how often the test failed with each."""
        jobs = [command for command, times in commands for _ in range(times)]
        with ThreadPoolExecutor(at_once) as pool:
            outcomes = iter(list(pool.map(lambda command: self.run(command, nodeid), jobs)))
        return [count_outcomes(list(islice(outcomes, times))) for _, times in commands]

    def look(self, recipe: Recipe, nodeids: Sequence[str]) -> tuple[list[Leak], bool | None]:
        """Run a recipe once with the guard: what its tests left, and how the last one went."""
        place = self._run(self.build_command(recipe, nodeids, GUARDED))
        leaks = read_leaks(place / "cache" / "d" / "infra" / FILE)
        return list(leaks), judge(place, nodeids[recipe.tests[-1]])

    def run(self, command: str, nodeid: str) -> bool | None:
        """Run a command; tell whether the test failed, or None where it did not run.

        One that began and did not end crashed, or hung.
        """
        return judge(self._run(command), nodeid)

    def _run(self, command: str) -> Path:
        """Run a command, and return where it left its journal; it ends when its time is over."""
        place = self.directory / f"fresh-{os.urandom(4).hex()}"
        place.mkdir(parents=True)
        own = ["-p", REHEARSAL, "-p", RESTAGING, "--order=natural", f"--undo={place / 'undo'}"]
        own += [f"--journal={place / 'journal.jsonl'}", "-o", f"cache_dir={place / 'cache'}"]
        given = self.environ.get("PYTEST_ADDOPTS", "")
        process = subprocess.Popen(  # noqa: S602  the command that the user is told, as a shell takes it
            command,
            shell=True,
            cwd=self.root,
            # What was not there is removed afterwards, and others may use it meanwhile.
            env={
                **self.environ,
                TEMP: str(place),
                "PYTEST_ADDOPTS": f"{given} {shlex.join(own)}",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(self.timeout_s)
        except subprocess.TimeoutExpired:
            _end_group(process)
        take_back(place / "undo")
        return place


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """End a shell with all that it has started, forks of a restaging by their own parent."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        until = time.monotonic() + END_PATIENCE_S
        while time.monotonic() < until:
            # The shell may be gone before pytest is; nobody else takes its number meanwhile.
            process.poll()
            os.killpg(process.pid, 0)
            time.sleep(POLL_S)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def judge(place: Path, nodeid: str) -> bool | None:
    """Tell by a journal whether a test failed, or None where it did not run."""
    account = read_journal(place / "journal.jsonl")
    runs = [one.outcome for one in account.occurrences if is_of(one.nodeid, nodeid)]
    if nodeid in account.open:
        return True
    return ("failed" in runs or "crashed" in runs) if runs else None


def count_outcomes(outcomes: Sequence[bool | None]) -> Tally:
    """Count runs and failures; what did not run is left out."""
    known = [one for one in outcomes if one is not None]
    return Tally(len(known), sum(known))


def find_repetition(tests: Sequence[str]) -> list[str]:
    """Return the options that run tests as often as they are in a list."""
    if len(tests) == len(("once", "twice")) or len(set(tests)) > 1:
        return ["-p", REHEARSAL, "--order=twice"]
    return [f"--count={len(tests)}"]


def is_of(nodeid: str, base: str) -> bool:
    """Tell whether a node id is a test's, or that of a repetition by pytest-repeat."""
    return nodeid == base or (
        nodeid.startswith(f"{base.removesuffix(']')}-" if base.endswith("]") else f"{base}[")
        and re.search(r"\d+-\d+\]$", nodeid) is not None
    )


def find_python() -> str:
    """Return how a shell calls this interpreter."""
    own = Path(sys.executable)
    found = Path(shutil.which("python") or "")
    is_own = found.parent == own.parent and found.resolve() == own.resolve()
    return "python" if is_own else sys.executable


def split_arguments(arguments: Sequence[str], root: Path) -> tuple[list[str], list[str]]:
    """Split pytest's arguments into options and the tests to run."""
    options: list[str] = []
    targets: list[str] = []
    for argument in arguments:
        is_target = not argument.startswith("-") and (
            "::" in argument or (root / argument).exists() or Path(argument).exists()
        )
        is_value = bool(options) and options[-1] in WITH_VALUE
        (targets if is_target and not is_value else options).append(argument)
    return options, targets


def _find_variables(recipe: Recipe) -> list[tuple[str, str]]:
    found = []
    if recipe.hash_seed is not None:
        found.append(("PYTHONHASHSEED", str(recipe.hash_seed)))
    if recipe.conditions.zone and is_zone_only(recipe.conditions):
        found.append(("TZ", recipe.conditions.zone))
    return found


def is_zone_only(conditions: Conditions) -> bool:
    """Tell whether a variable of the environment is enough."""
    return replace(conditions, zone="", seed=0) == Conditions()


def _find_staging(recipe: Recipe, nodeids: Sequence[str]) -> list[str]:
    conditions = recipe.conditions
    if conditions.zone and is_zone_only(conditions):
        conditions = Conditions()
    words = [f"--under={text}" for text in conditions.render()]
    words += [f"--beside={nodeids[test]}" for test in recipe.beside]
    words += [f"--busy={recipe.busy}"] if recipe.busy else []
    return words + ([f"--tries={recipe.tries}"] if recipe.tries > 1 else [])


def _join(variables: Sequence[tuple[str, str]], words: Sequence[str]) -> str:
    texts = [f"{name}={shlex.quote(value)}" for name, value in variables]
    return " ".join([*texts, shlex.join(words)])
