"""Import-time pollution: which file makes a test fail though none of its tests runs.

Nothing of this can be tried in a fork, where all files have been imported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .confirmation import CONFIRMATIONS, Fresh
from .finding import Finding, Recipe
from .lab import Lab
from .minimise import minimise
from .trials import Sighting
from .verdicts import Evidence, Kind


def find_polluting_files(
    lab: Lab, test: int, fresh: Fresh, sighting: Sighting, *, is_reversed: bool
) -> Finding:
    """Find the files whose import makes a test fail that passes, or passes without, its own only.

    :param is_reversed: whether it failed where the files were imported in reverse order.
    """
    importing = _Importing(lab, test, fresh, is_reversed=is_reversed)
    others = [path for path in importing.order if path != lab.collection.files[test]]
    found = minimise(others, importing.fails, width=2)
    recipe, alone = importing.build_recipe(found.kept), Recipe((test,))
    nodeids = lab.collection.nodeids
    commands = [(fresh.build_command(one, nodeids), CONFIRMATIONS) for one in (alone, recipe)]
    without, with_it = fresh.confirm_all(commands, nodeids[test])
    return Finding(
        Kind.IMPORT if found.is_failing and found.kept else Kind.UNKNOWN,
        test,
        evidence=(Evidence("another file imported", without, with_it, "none of its tests ran"),),
        recipe=recipe,
        cure=alone,
        sighting=sighting,
        files=tuple(importing.shorten(one) for one in found.kept),
        is_minimal=found.is_minimal,
    )


@dataclass(slots=True)
class _Importing:
    """Runs one test with more or fewer files imported."""

    lab: Lab
    test: int
    fresh: Fresh
    is_reversed: bool

    @property
    def order(self) -> list[str]:
        """All files, as they were imported."""
        files = list(dict.fromkeys(self.lab.collection.files))
        return files[::-1] if self.is_reversed else files

    def fails(self, lists: Sequence[Sequence[str]]) -> list[bool]:
        """Tell for each list of files whether the test fails where they are imported, too."""
        return [self._fails(one) for one in lists]

    def build_recipe(self, files: Sequence[str]) -> Recipe:
        """Build the recipe by which these files and the test's own are imported."""
        own = self.lab.collection.files[self.test]
        chosen = [one for one in self.order if one == own or one in files]
        return Recipe((self.test,), files=tuple(self.shorten(one) for one in chosen))

    def shorten(self, path: str) -> str:
        """Return a path as it is given in the root directory."""
        root = self.lab.collection.root
        return str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else path

    def _fails(self, files: Sequence[str]) -> bool:
        nodeids = self.lab.collection.nodeids
        command = self.fresh.build_command(self.build_recipe(files), nodeids)
        return self.fresh.run(command, nodeids[self.test]) is True
