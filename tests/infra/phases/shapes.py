"""What a file is at one moment: its bytes, its mode, or where it points to."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Shape:
    """A file or a link, without its content."""

    digest: str
    """SHA-256 of the bytes; of a link, empty."""
    mode: int
    link: str = ""
    """What a link says; empty for a file."""


def read_shape(path: Path) -> Shape | None:
    """Return what a file is; None where there is none.

    :raises OSError: it can't be read.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(status.st_mode):
        return Shape("", 0, str(path.readlink()))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Shape(digest, stat.S_IMODE(status.st_mode))


def write_shape(path: Path, shape: Shape | None, content: bytes) -> None:
    """Make a file what it was; it is replaced as a whole, or not at all.

    :raises OSError: it can't be written.
    """
    if shape is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    if shape.link:
        draft.symlink_to(shape.link)
    else:
        draft.write_bytes(content)
        draft.chmod(shape.mode)
    draft.replace(path)
