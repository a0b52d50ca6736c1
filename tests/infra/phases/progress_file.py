"""The record of the gates, one line each, in the working directory: `.parallel_test_progress`.

A line is `Phase 0 Gate 1: PASSED (commit: abc1234) 2026-01-31T12:00:00+00:00 FIGURE`.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Final

from ..errors import PhaseError
from .gates import Verdict

NAME: Final = ".parallel_test_progress"

LINE: Final = re.compile(r"(Phase \d Gate \d+): (PASSED|FAILED) \(commit: [^)]*\) \S+ ?(.*)")


def render_line(title: str, verdict: Verdict, commit: str, at: datetime, figure: str) -> str:
    """Render what is noted of one gate.

    :param commit: what was judged.
    """
    stamp = at.isoformat(timespec="seconds")
    return f"{title}: {verdict.value} (commit: {commit}) {stamp} {figure}"


def append_line(root: Path, line: str) -> None:
    """Add a line, on a line of its own whatever the file ends with.

    :raises PhaseError: the file can't be written.
    """
    path = root / NAME
    try:
        text = path.read_bytes() if path.exists() else b""
        break_before = b"\n" if text and not text.endswith(b"\n") else b""
        with path.open("ab") as file:
            file.write(break_before + line.encode() + b"\n")
    except OSError as error:
        raise PhaseError(
            "the record can't be written", f"{path}: {error.strerror}", "make it writable"
        ) from error


def read_last_figures(root: Path) -> dict[str, str]:
    """Return the figure of each gate when it passed last, by its title."""
    path = root / NAME
    if not path.is_file():
        return {}
    matches = map(LINE.fullmatch, path.read_text(encoding="utf-8", errors="replace").splitlines())
    return {match[1]: match[3] for match in matches if match and match[2] == "PASSED"}
