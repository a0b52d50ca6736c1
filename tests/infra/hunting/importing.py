"""Import-time pollution: which file makes a test fail though none of its tests runs."""

from collections.abc import Sequence
from pathlib import Path

from .confirmation import Fresh
from .finding import Finding, Recipe
from .lab import Lab
from .minimise import minimise
from .trials import Sighting
from .verdicts import Evidence, Kind


def find_polluting_files(lab: Lab, test: int, fresh: Fresh, sighting: Sighting) -> Finding:
    """Find the files whose import makes a test fail that passes with its own file only.

    Nothing of this can be tried in a fork: all files have been imported there.
    """
    collection = lab.collection
    own = collection.files[test]
    files = list(dict.fromkeys(collection.files))
    before = files[: files.index(own)]
    after = files[files.index(own) + 1 :]

    def fails(lists: Sequence[Sequence[str]]) -> list[bool]:
        return [_fails(lab, test, fresh, one) for one in lists]

    found = minimise([*before, *after], fails, width=2)
    culprits = tuple(_shorten(lab, one) for one in found.kept)
    recipe = _build_recipe(lab, test, found.kept)
    nodeid = collection.nodeids[test]
    with_it = fresh.confirm(fresh.build_command(recipe, collection.nodeids), nodeid, 2)
    alone = Recipe((test,))
    without = fresh.confirm(fresh.build_command(alone, collection.nodeids), nodeid, 2)
    return Finding(
        Kind.IMPORT if found.is_failing else Kind.UNKNOWN,
        test,
        evidence=(Evidence("another file imported", without, with_it, "none of its tests ran"),),
        recipe=recipe,
        cure=alone,
        sighting=sighting,
        files=culprits,
        is_minimal=found.is_minimal,
    )


def _fails(lab: Lab, test: int, fresh: Fresh, files: Sequence[str]) -> bool:
    collection = lab.collection
    command = fresh.build_command(_build_recipe(lab, test, files), collection.nodeids)
    return fresh.run(command, collection.nodeids[test]) is True


def _build_recipe(lab: Lab, test: int, files: Sequence[str]) -> Recipe:
    order = list(dict.fromkeys(lab.collection.files))
    own = lab.collection.files[test]
    chosen = [one for one in order if one == own or one in files]
    return Recipe((test,), files=tuple(_shorten(lab, one) for one in chosen))


def _shorten(lab: Lab, path: str) -> str:
    root = lab.collection.root
    return str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else path
