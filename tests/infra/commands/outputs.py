"""Files that a verb is asked to write, and the error where they can't be."""

import json
from pathlib import Path

from ..durations import write_whole
from ..errors import SettingError


def write_output(option: str, path: Path, text: str) -> None:
    """Write a text whole, so that an interrupt leaves the old file or the new one.

    :raises SettingError: it can't be written.
    """
    try:
        write_whole(path, text)
    except OSError as error:
        raise SettingError(
            option, str(path), f"can't be written ({error.strerror})", "give another file"
        ) from error


def write_json(option: str, path: Path, data: object) -> None:
    """Write data as JSON for people, too.

    :raises SettingError: it can't be written.
    """
    write_output(option, path, json.dumps(data, indent=2) + "\n")
