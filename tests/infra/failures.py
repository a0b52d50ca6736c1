"""What is told about a failure in a few words: its fingerprint, and its message on one line.

Which failures are looked at is left to `rehearsal` and `flake_watch`.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

SHOWN_TEXT: Final = 300

PACKAGE: Final = Path(__file__).parent
"""Where a test fails that left something changed: all of those tests in one line."""

TYPE: Final = re.compile(r"[A-Za-z_][\w.]*")


def build_fingerprint(
    report: pytest.TestReport, root: Path, places: Sequence[tuple[str, int]] | None = None
) -> str:
    """Return type and place of a failure, by which two failures are told apart.

    The place is the innermost one below `root` that the traceback shows, because every assertion
    of `unittest` and of mocks fails in one line of theirs; where it shows none, as with --tb=no,
    one elsewhere stands in brackets.  Of a failure that names no place, such as a test that
    passed against strict expectation, it is the phase.

    :param places: files and lines of the traceback, the outermost first, where it is not drawn.
    """
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return str(report.when)
    drawn = _list_places(report.longrepr) if places is None else places
    inwards = [(crash.path, crash.lineno), *reversed(drawn)]
    own = [shown for path, line in inwards if (shown := _show_own(Path(path), line, root))]
    place = own[0] if own else f"({Path(crash.path).name}:{crash.lineno})"
    return f"{get_type(crash.message)} {place}"


def is_placed(fingerprint: str) -> bool:
    """Tell whether a fingerprint names a line below the root, so that it tells what failed."""
    return ":" in fingerprint and not fingerprint.endswith(")")


def get_type(message: str) -> str:
    """Return the type of the exception that a message begins with.

    A failed `assert` without a message of its own has none; what it compared may differ each time.
    """
    kind = message.partition(":")[0].partition("\n")[0].strip()
    return kind if TYPE.fullmatch(kind) else "AssertionError"


def shorten(report: pytest.TestReport) -> str:
    """Return the message of a failure, on one line, cut short."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else report.longreprtext
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_TEXT else f"{line[:SHOWN_TEXT]} ..."


def _list_places(longrepr: object) -> list[tuple[str, int]]:
    """Return the places that a traceback shows, the outermost first."""
    entries = getattr(getattr(longrepr, "reprtraceback", None), "reprentries", [])
    found = [getattr(entry, "reprfileloc", None) for entry in entries]
    return [(location.path, location.lineno) for location in found if location is not None]


def _show_own(path: Path, line: int, root: Path) -> str:
    """Render a place in the project's own code below `root`; for any other return nothing."""
    # A relative one is from the directory that the test was in, which may be another by now.
    whole = Path(os.path.abspath(path))  # noqa: PTH100  resolve() would follow links
    is_own = whole.is_relative_to(root) and not whole.is_relative_to(PACKAGE)
    if not is_own or "site-packages" in whole.parts or not whole.is_file():
        return ""
    return f"{whole.relative_to(root).as_posix()}:{line}"
