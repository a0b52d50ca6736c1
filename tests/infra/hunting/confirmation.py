"""Fresh processes: a finding in a fork is confirmed with the very command that the user gets."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ..leaks import FILE, Leak, read_leaks
from ..proving.journal import read_journal
from .conditions import Conditions
from .finding import Recipe
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
        variables = dict(_find_variables(recipe))
        words = [find_python(), "-m", "pytest", *self.options, *ALONE, *guard]
        tests = [nodeids[test] for test in recipe.tests]
        if recipe.files:
            words += ["-p", REHEARSAL, "--order=natural", f"--only={tests[-1]}", *recipe.files]
            return _join(variables, words)
        if len(set(tests)) < len(tests):
            words += find_repetition(tests)
            tests = list(dict.fromkeys(tests))
        staging = list(_find_staging(recipe, nodeids))
        if staging:
            words += ["-p", RESTAGING, *staging]
        beside = [nodeids[test] for test in recipe.beside if test not in recipe.tests]
        return _join(variables, [*words, *tests, *beside])

    def confirm(self, command: str, nodeid: str, times: int, *, at_once: int = 2) -> Tally:
        """Run a command so many times, and count how often the test failed."""
        return self.confirm_all([command], nodeid, times, at_once=at_once)[0]

    def confirm_all(
        self, commands: Sequence[str], nodeid: str, times: int, *, at_once: int = 2
    ) -> list[Tally]:
        """Run each of the commands so many times, and count how often the test failed with each."""
        jobs = [command for command in commands for _ in range(times)]
        with ThreadPoolExecutor(at_once) as pool:
            outcomes = list(pool.map(lambda command: self.run(command, nodeid), jobs))
        return [_count(outcomes[n * times : (n + 1) * times]) for n in range(len(commands))]

    def look(self, recipe: Recipe, nodeids: Sequence[str]) -> list[Leak]:
        """Run a recipe once with the guard, and return what its tests left changed."""
        place = self._run(self.build_command(recipe, nodeids, GUARDED))[0]
        return list(read_leaks(place / "cache" / "d" / "infra" / FILE))

    def run(self, command: str, nodeid: str) -> bool | None:
        """Run a command; tell whether the test failed, or None where it did not run."""
        place, is_ended = self._run(command)
        account = read_journal(place / "journal.jsonl")
        runs = [one.outcome for one in account.occurrences if is_of(one.nodeid, nodeid)]
        if nodeid in account.open or not is_ended:
            return True
        return ("failed" in runs or "crashed" in runs) if runs else None

    def _run(self, command: str) -> tuple[Path, bool]:
        """Run a command; return where it left its journal, and whether it ended by itself."""
        place = self.directory / f"fresh-{os.urandom(4).hex()}"
        place.mkdir(parents=True)
        own = f"-p {REHEARSAL} -p {RESTAGING} --order=natural --journal={place / 'journal.jsonl'} "
        own += f"--undo={place / 'undo'} -o cache_dir={place / 'cache'}"
        given = self.environ.get("PYTEST_ADDOPTS", "")
        environ = {**self.environ, "PYTEST_ADDOPTS": f"{given} {own}"}
        is_ended = True
        try:
            subprocess.run(  # noqa: S602  the command that the user is told, as a shell takes it
                command,
                shell=True,
                check=False,
                cwd=self.root,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=self.timeout_s,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            is_ended = False
        take_back(place / "undo")
        return place, is_ended


def _count(outcomes: Sequence[bool | None]) -> Tally:
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
    found = shutil.which("python")
    is_ours = found is not None and Path(found).resolve() == Path(sys.executable).resolve()
    return (
        "python"
        if is_ours and Path(found or "").parent == Path(sys.executable).parent
        else (sys.executable)
    )


def split_arguments(arguments: Sequence[str], root: Path) -> tuple[list[str], list[str]]:
    """Split pytest's arguments into options and the tests to run."""
    options: list[str] = []
    targets: list[str] = []
    for argument in arguments:
        is_target = not argument.startswith("-") and (
            "::" in argument or (root / argument).exists() or Path(argument).exists()
        )
        is_value = bool(options) and options[-1] in ("-c", "--config-file", "--rootdir")
        (targets if is_target and not is_value else options).append(argument)
    return options, targets


def _find_variables(recipe: Recipe) -> "list[tuple[str, str]]":
    found = []
    if recipe.hash_seed is not None:
        found.append(("PYTHONHASHSEED", str(recipe.hash_seed)))
    if recipe.conditions.zone and is_zone_only(recipe.conditions):
        found.append(("TZ", recipe.conditions.zone))
    return found


def is_zone_only(conditions: Conditions) -> bool:
    """Tell whether a variable of the environment is enough."""
    return replace(conditions, zone="", seed=0) == Conditions()


def _find_staging(recipe: Recipe, nodeids: Sequence[str]) -> "list[str]":
    conditions = recipe.conditions
    if conditions.zone and is_zone_only(conditions):
        conditions = Conditions()
    words = [f"--under={text}" for text in conditions.render()]
    words += [f"--beside={nodeids[test]}" for test in recipe.beside]
    words += [f"--busy={recipe.busy}"] if recipe.busy else []
    return words + ([f"--tries={recipe.tries}"] if recipe.tries > 1 else [])


def _join(variables: Mapping[str, str], words: Sequence[str]) -> str:
    texts = [f"{name}={shlex.quote(value)}" for name, value in variables.items()]
    return " ".join([*texts, shlex.join(words)])
