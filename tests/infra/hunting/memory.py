"""What a hunt has run and concluded so far, on disk, so that the next one goes on from there.

A line for each request of the survey and each verdict; another suite, or a changed source, makes
what is there worthless.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from .lab import Run
from .trials import Answer, Ending, Request, read_sighting
from .verdicts import Verdict, read_verdict

FORMAT_VERSION: Final = 1

SEED_MARK: Final = " seed "

SKIPPED: Final = {"node_modules", "site-packages", "__pycache__"}


class Memory:
    """Remembers in a file; without one, nothing."""

    def __init__(self, path: Path | None, key: str) -> None:
        self._path = path
        self._key = key
        self.runs: list[list[Run]] = []
        """The runs of earlier hunts, request by request."""
        self.verdicts: list[Verdict] = []

    def read(self) -> None:
        """Read what an earlier hunt of the same suite left; begin a new file where none did."""
        if self._path is None:
            return
        events = list(_read_lines(self._path))
        if not events or events[0] != self._build_head():
            self.forget()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self._build_head()) + "\n", encoding="utf-8")
            return
        if not self._path.read_bytes().endswith(b"\n"):
            # What is noted from now on would go on in the line that was cut.
            text = "".join(f"{json.dumps(event)}\n" for event in events)
            self._path.write_text(text, encoding="utf-8")
        for event in events[1:]:
            if "verdict" in event:
                self.verdicts.append(read_verdict(event["verdict"]))
            else:
                self.runs.append(_read_runs(event))

    def note_runs(self, runs: Sequence[Run]) -> None:
        """Note one request and its answers."""
        first = runs[0]
        self._append(
            {
                "axis": first.axis,
                "hash_seed": first.hash_seed,
                "request": first.request.to_json(),
                "answers": [asdict(run.answer) for run in runs],
            }
        )

    def note_verdict(self, verdict: Verdict) -> None:
        """Note one verdict."""
        self._append({"verdict": asdict(verdict)})

    def forget(self) -> None:
        """Remove the file: the hunt came to its end, or what is in it is worthless."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _build_head(self) -> dict[str, object]:
        return {"version": FORMAT_VERSION, "key": self._key}

    def _append(self, event: Mapping[str, object]) -> None:
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(event) + "\n")


def build_key(root: Path, nodeids: Sequence[str], arguments: Sequence[str], seed: int) -> str:
    """Return what must be the same for earlier runs to count: tests, sources, arguments, seed."""
    digest = hashlib.sha256(json.dumps([list(nodeids), list(arguments)]).encode())
    for path in sorted(_iterate_sources(root)):
        # Some editors lock a file by a link beside it that leads nowhere.
        with contextlib.suppress(OSError):
            status = path.stat()
            digest.update(f"{path} {status.st_mtime_ns} {status.st_size}".encode())
    return f"{digest.hexdigest()}{SEED_MARK}{seed}"


def read_seed(path: Path) -> int | None:
    """Return the seed of an earlier hunt, by which alone the next one can go on from there."""
    head = next(_read_lines(path), {})
    seed = str(head.get("key", "")).rpartition(SEED_MARK)[2]
    return int(seed) if seed.isdecimal() else None


def _iterate_sources(root: Path) -> Iterator[Path]:
    for directory, names, files in os.walk(root):
        names[:] = [
            name
            for name in names
            if not name.startswith(".")
            and name not in SKIPPED
            and not Path(directory, name, "pyvenv.cfg").exists()
        ]
        yield from (Path(directory, name) for name in files if name.endswith(".py"))


def _read_runs(event: Mapping[str, Any]) -> list[Run]:
    request = Request.from_json(event["request"])
    return [
        Run(
            event["axis"],
            request,
            number,
            Answer(
                tuple(read_sighting(dict(one)) for one in answer["sightings"]),
                Ending(answer["ending"]),
                answer["applied"],
            ),
            event["hash_seed"],
        )
        for number, answer in enumerate(event["answers"])
    ]


# Any: the values are JSON of any shape.
def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            # The last line of a hunt that was killed while it wrote.
            return
