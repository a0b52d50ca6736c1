"""Asks a process that has collected the tests; the other end is `forkserver`."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Self

from ..errors import InfraError, ProcessLostError
from .trials import Answer, Ending, Request, read_answer

PLUGIN: Final = f"{__package__.rpartition('.')[0]}.forkserver"

TEMP: Final = "PYTEST_DEBUG_TEMPROOT"
"""Pytest's own variable: where its temporary directories go."""

SHOWN_OUTPUT: Final = 4000

UNKNOWN_OPTION: Final = "unrecognized arguments: --isolation"
"""What pytest says of a hunt's first option where our plugin is missing."""

END_PATIENCE_S: Final = 3.0


class NothingToHuntError(InfraError):
    """Pytest collects no test, or does not come so far."""

    def __init__(self, output: str) -> None:
        super().__init__(output)
        self.output = output

    def __str__(self) -> str:
        said = f"pytest collected no test to hunt; this is what it said:\n{self.output.strip()}"
        if UNKNOWN_OPTION not in self.output:
            return said
        plugin = f"{__package__.rpartition('.')[0]}.plugin"
        return (
            f"{said}\nthe infrastructure's plugin isn't loaded; let the topmost conftest.py say "
            f"pytest_plugins = [{plugin!r}], or add -p {plugin}"
        )


@dataclass(frozen=True, slots=True)
class Collection:
    """What a process has collected."""

    nodeids: tuple[str, ...]
    files: tuple[str, ...]
    """The path of each test's file."""
    root: Path
    errors: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    """The files of the project's own modules that were imported, tests included."""


class Oracle:
    """One process that has collected, under one hash seed; it ends when this is closed.

    :param arguments: of pytest.
    :param directory: for its output, its answers and pytest's temporary files.
    """

    def __init__(
        self, arguments: Sequence[str], environ: Mapping[str, str], directory: Path
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        temp = directory / "temp"
        temp.mkdir()
        self._output = directory / "output.txt"
        inlet, requests = os.pipe()
        answers, outlet = os.pipe()
        own = [
            *("-p", PLUGIN),
            f"--serve={inlet},{outlet},{directory}",
            *("-o", f"cache_dir={directory / 'cache'}"),
        ]
        with self._output.open("wb") as sink:
            self._process = subprocess.Popen(  # noqa: S603  the user's own pytest and arguments
                [sys.executable, "-m", "pytest", *own, *arguments],
                env={**environ, TEMP: str(temp)},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                pass_fds=(inlet, outlet),
                # A terminal's interrupt reaches us only; we end it.
                start_new_session=True,
            )
        os.close(inlet)
        os.close(outlet)
        self._requests: IO[str] = os.fdopen(requests, "w", encoding="utf-8")
        self._answers: IO[str] = os.fdopen(answers, "r", encoding="utf-8")
        self._collection: Collection | None = None

    @property
    def collection(self) -> Collection:
        """What was collected; waits until it was.

        :raises NothingToHuntError: nothing was.
        """
        if self._collection is None:
            found = self._hear()
            if found is None:
                raise NothingToHuntError(self._read_output())
            self._collection = Collection(
                tuple(found["nodeids"]),
                tuple(found["files"]),
                Path(found["root"]),
                tuple(found["errors"]),
                tuple(found["sources"]),
            )
            if not self._collection.nodeids:
                raise NothingToHuntError("\n".join([*found["errors"], self._read_output()]))
        return self._collection

    def ask(self, request: Request) -> list[Answer]:
        """Let all casts of a request run, and return what each did.

        :raises NothingToHuntError: no test was collected.
        :raises ProcessLostError: the process has ended; something killed it.
        """
        _ = self.collection
        # If nobody reads this, then nobody answers.
        with contextlib.suppress(BrokenPipeError):
            self._requests.write(request.to_json() + "\n")
            self._requests.flush()
        found = self._hear()
        if found is None:
            name, remedy = "the process that had collected the tests", "hunt again to go on"
            raise ProcessLostError(name, self._read_output(), remedy)
        return [read_answer(one["lines"], Ending(one["ending"])) for one in found["casts"]]

    def close(self) -> None:
        """Let the process end, or end it."""
        with contextlib.suppress(BrokenPipeError):
            self._requests.close()
        self._answers.close()
        for end in (self._process.terminate, self._process.kill):
            try:
                self._process.wait(END_PATIENCE_S)
            except subprocess.TimeoutExpired:
                # It is in the middle of a request: terminated, it ends its forks first.
                end()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Any: the values are JSON of any shape.
    def _hear(self) -> dict[str, Any] | None:
        """Wait for a line; None where the process has ended, or was ended within the line."""
        line = self._answers.readline()
        if not line.endswith("\n"):
            self._process.wait()
            return None
        found: dict[str, Any] = json.loads(line)
        return found

    def _read_output(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")[-SHOWN_OUTPUT:]
