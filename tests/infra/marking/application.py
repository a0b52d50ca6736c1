"""From decisions to files: places, edits, the diff, and what could not be changed.

Imports libcst, through `placing`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .editing import Edit, build_edit, render_diff, write
from .placing import place_markers
from .rendering import Decided
from .sources import Definition, SourceUnusableError

if TYPE_CHECKING:
    from .categories import Category


@dataclass(slots=True)
class Applied:
    """What became of the files."""

    changed: list[str] = field(default_factory=list)
    diff: str = ""
    broken: dict[str, str] = field(default_factory=dict)


def apply(
    decided: Sequence[Decided],
    root: Path,
    bases: Collection[tuple[Path, str]],
    *,
    is_writing: bool,
) -> Applied:
    """Edit each file, and write it if that is wanted; one that can't be is left and named."""
    applied = Applied()
    by_path: dict[str, list[Decided]] = {}
    for one in decided:
        by_path.setdefault(one.path, []).append(one)
    for shown, group in by_path.items():
        try:
            edit = build_file_edit(group, root, bases)
            if is_writing:
                write(edit)
        except SourceUnusableError as error:
            applied.broken[shown] = f"{error.problem}; {error.remedy}"
            continue
        applied.changed.append(shown)
        applied.diff += render_diff(edit, shown)
    return applied


def build_file_edit(
    group: Sequence[Decided], root: Path, bases: Collection[tuple[Path, str]]
) -> Edit:
    """Build the edit of one file.

    :raises SourceUnusableError: it can't be done without changing more.
    """
    source = group[0].subject.source
    places: Mapping[int, tuple[Definition, Category]] = {
        one.line: (one.subject.definition, one.decision.category) for one in group
    }
    own_bases = {name for path, name in bases if path == source.path}
    return build_edit(source, place_markers(source, places, own_bases, root))
