"""Verdicts kept in a file, so that a slow tool is asked about each planted suite once only."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from judging import Verdict
from planted import Plant


class Verdicts:
    """The verdicts on one tool, by the name and the content of a plant."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def complete(
        self, plants: Sequence[Plant], judge_all: Callable[[Sequence[Plant]], list[Verdict]]
    ) -> list[Verdict]:
        """Return a verdict for each plant, asking for those that are not known yet."""
        known = self._read()
        todo = [plant for plant in plants if get_key(plant) not in known]
        for plant, verdict in zip(todo, judge_all(todo), strict=True):
            known[get_key(plant)] = dataclasses.asdict(verdict)
        self._path.write_text(json.dumps(known), encoding="utf-8")
        return [Verdict(**known[get_key(plant)]) for plant in plants]

    def _read(self) -> dict[str, dict[str, Any]]:
        # Any: the fields of a verdict, as they were written below.
        if not self._path.exists():
            return {}
        known: dict[str, dict[str, Any]] = json.loads(self._path.read_text(encoding="utf-8"))
        return known


def get_key(plant: Plant) -> str:
    """Return what a verdict on a plant holds for: all of its text."""
    return repr(plant)
