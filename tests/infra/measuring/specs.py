"""What one measured run is: pytest's arguments, where it runs, and of which tests; pure.

How it is run and what is noted is left to `runner`.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

PACKAGE: Final = __package__.rpartition(".")[0]
STOPWATCH: Final = f"{PACKAGE}.measuring.stopwatch"
"""By this package's own name, which may be another one in another repository."""

PARALLEL_INI: Final = "pytest-parallel.ini"

AUTO: Final = "auto"
Workers = int | Literal["auto"]

DROPPED: Final = ("PYTEST_XDIST_", "PYTEST_CURRENT_TEST", "PYTHONDONTWRITEBYTECODE")
"""Beginnings of variables that would tell a run that it is part of another one, or slow it."""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run of pytest, as it is asked for."""

    arguments: tuple[str, ...] = ()
    """Pytest's own, the user's."""
    workers: Workers = 0
    """0: in one process, by the sequential configuration."""
    category: str | None = None
    """Only the tests with this marker, of those that the arguments and the ini file choose."""

    @property
    def is_serial(self) -> bool:
        """Whether one process runs all tests."""
        return self.workers == 0

    @property
    def name(self) -> str:
        """What it is called in texts."""
        where = "in one process" if self.is_serial else f"-n {self.workers}"
        return f"{self.category}, {where}" if self.category else where


def build_arguments(
    spec: RunSpec, *, directory: Path, has_xdist: bool, own: Sequence[str] = ()
) -> list[str]:
    """Return pytest's arguments: the user's, then ours, which override them.

    :param directory: where the tests are found; its `pytest-parallel.ini` is for workers.
    :param has_xdist: whether pytest-xdist is installed.
    """
    head, tail = split_arguments(spec.arguments)
    return [*head, *_place(spec, head, directory, has_xdist=has_xdist), *own, *tail]


def render_command(spec: RunSpec, *, directory: Path, has_xdist: bool, markexpr: str = "") -> str:
    """Return the command that runs the same tests in the same way, to be pasted into a shell.

    :param markexpr: what `-m` comes to in the run, the ini file's included.
    """
    own = ["-m", markexpr or spec.category] if spec.category else []
    arguments = build_arguments(spec, directory=directory, has_xdist=has_xdist, own=own)
    return shlex.join(["python", "-m", "pytest", *arguments])


def build_environ(environ: Mapping[str, str], bytecode: Path) -> dict[str, str]:
    """Return the environment of a run; bytecode is written, so that no run compiles anew.

    :param bytecode: where it goes if the caller's environment says that none is to be written.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith(DROPPED)}
    if environ.get("PYTHONDONTWRITEBYTECODE"):
        kept.setdefault("PYTHONPYCACHEPREFIX", str(bytecode))
    return kept


def split_arguments(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Cut arguments before a `--`, behind which pytest reads no options."""
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    return list(arguments[:cut]), list(arguments[cut:])


def _place(spec: RunSpec, head: Sequence[str], directory: Path, *, has_xdist: bool) -> list[str]:
    """Return the arguments that say in how many processes the run is."""
    if spec.is_serial:
        return ["-n", "0"] if has_xdist else ["-p", "no:xdist"]
    has_own = any(one.startswith(("-c", "--config-file")) for one in head)
    ini = [] if has_own or not (directory / PARALLEL_INI).is_file() else ["-c", PARALLEL_INI]
    return [*ini, "-n", str(spec.workers)]
