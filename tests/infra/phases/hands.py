"""How the gates get anything done: verbs, pytest and other tools, each in a process of its own.

The gates know the Protocol only.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from ..errors import RecordError
from .survey import Survey, build_arguments, parse_survey

MERCY_S: Final = 20.0
"""How long what is interrupted may take to end what it has started itself."""

SHOWN_LINES: Final = 15


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process said."""

    exit_code: int
    output: str
    errors: str

    def get_last_lines(self) -> tuple[str, ...]:
        """Return the end of what it said to a person."""
        lines = (self.errors.strip() or self.output.strip()).splitlines()
        return tuple(lines[-SHOWN_LINES:])


@dataclass(frozen=True, slots=True)
class VerbAnswer:
    """What a verb found."""

    exit_code: int
    data: Mapping[str, object] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    """The end of what it said besides; the reason, where it has no data."""


class Hands(Protocol):
    """What the gates may do."""

    def run_verb(self, verb: str, *arguments: str) -> VerbAnswer:
        """Run a verb of this command line, with `--json`."""

    def run_pytest(self, *arguments: str) -> Survey:
        """Run pytest, and tell what it found."""

    def run_tool(self, *command: str) -> Answer:
        """Run another program."""


class Processes:
    """Hands whose work is done in processes, one after the other."""

    def __init__(self, package: str, root: Path) -> None:
        self._package = package
        self._root = root

    def run_verb(self, verb: str, *arguments: str) -> VerbAnswer:
        """Run a verb of this command line, with `--json`."""
        command = (sys.executable, "-m", self._package, verb, "--json", *arguments)
        answer = run_process(command, self._root)
        return VerbAnswer(answer.exit_code, parse_object(answer.output), answer.get_last_lines())

    def run_pytest(self, *arguments: str) -> Survey:
        """Run pytest with a cache of its own, and tell what it found."""
        with tempfile.TemporaryDirectory(prefix="phase-") as directory:
            result = Path(directory, "survey.json")
            own = build_arguments(self._package, result, Path(directory, "cache"))
            command = (sys.executable, "-m", "pytest", *own, *arguments)
            answer = run_process(command, self._root)
            with contextlib.suppress(OSError, RecordError):
                return parse_survey(result.read_text(encoding="utf-8"), answer.get_last_lines())
        return Survey(exit_code=answer.exit_code or 1, said=answer.get_last_lines())

    def run_tool(self, *command: str) -> Answer:
        """Run another program."""
        return run_process(command, self._root)


def run_process(command: Sequence[str], directory: Path) -> Answer:
    """Run a program to its end; an interrupt is handed on to it, and ends it first."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(  # noqa: S603  the user's own tools, with arguments of ours
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            # A terminal's interrupt reaches us only; the process hears it from us, once.
            start_new_session=True,
        )
        try:
            exit_code = process.wait()
        finally:
            if process.poll() is None:
                _end(process)
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    return Answer(exit_code, *texts)


def parse_object(text: str) -> Mapping[str, object]:
    """Read a JSON object; nothing where it is none."""
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
        process.wait(MERCY_S)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
