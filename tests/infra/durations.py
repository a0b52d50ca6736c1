"""The file of expected durations that pytest-split reads and writes: `{node id: seconds}`.

Which durations go into it, and when, is decided in `history`.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from .errors import RecordError

KIND = "file of durations"


def parse_durations(text: str) -> dict[str, float]:
    """Read a file's text; pairs in a list, as old versions of pytest-split wrote, will do, too.

    :raises RecordError: it is something else.
    """
    try:
        found = json.loads(text)
        durations = dict(found)
        is_numeric = 0 <= sum(durations.values()) < float("inf")
        is_named = isinstance("".join(durations), str)
    except (ValueError, TypeError) as error:
        raise RecordError(KIND, str(error)) from error
    if not (is_numeric and is_named) or min(durations.values(), default=0) < 0:
        raise RecordError(KIND, "a duration is not a number of seconds")
    return durations


def render_durations(durations: Mapping[str, float]) -> str:
    """Render as pytest-split does: sorted, one test a line.

    An indent would make `json` ten times slower; a separator with a line break does the same.
    """
    text = json.dumps(dict(sorted(durations.items())), separators=(",\n    ", ": "))
    return f"{{\n    {text[1:-1]}\n}}" if durations else text


def write_whole(path: Path, text: str) -> None:
    """Replace a file by rename, so that a reader sees the old text or the new one, never half.

    A link stays one: the file that it points to is replaced.

    :raises OSError: the directory can't be written.
    """
    target = Path(os.path.realpath(path))
    draft = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        draft.write_text(text, encoding="utf-8")
        with contextlib.suppress(OSError):
            shutil.copymode(target, draft)
        draft.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
