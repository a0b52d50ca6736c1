"""What the guard of `tests/infra` finds in a suite, read from the `leaks.json` of a run.

Judging it is left to `judging`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from judging import Finding, Verdict, judge
from planted import Plant
from pytest_runs import OURS, Finished, Python
from suites import NEIGHBOURS, Place, make_place, read_lawful, read_outcomes, run_suite

GUARDED: Final = (*NEIGHBOURS, *OURS, "--isolation=report")


@dataclass(frozen=True, slots=True)
class GuardSilentError(Exception):
    """A run ended without a list of leaks, so that nothing can be said about the guard."""

    place: Path
    output: str

    def __str__(self) -> str:
        return f"no leaks.json after the run in {self.place}:\n{self.output}"


def try_plant(python: Python, plant: Plant, work: Path) -> Verdict:
    """Run the guard over a planted suite and judge it."""
    place = make_place(work / plant.name, plant.build_files())
    tier = f"--isolation-tier={plant.tier}"
    finished = run_suite(python, place, [*GUARDED, tier, *plant.options])
    return judge(plant, read_findings(place, finished))


def try_lawful(
    python: Python, work: Path, tier: int, args: Sequence[str]
) -> tuple[int, list[Finding]]:
    """Run the guard over the control suite; return how many tests passed, and what it found."""
    place = make_place(work / f"lawful-{tier}-{len(args)}", read_lawful())
    finished = run_suite(python, place, [*GUARDED, f"--isolation-tier={tier}", *args])
    outcomes = read_outcomes(finished.output)
    if bad := {name for name, word in outcomes.items() if word not in ("PASSED", "XFAIL")}:
        raise GuardSilentError(place.root, f"{bad} should pass\n{finished.output}")
    return len(outcomes), read_findings(place, finished)


def read_findings(place: Place, finished: Finished) -> list[Finding]:
    """Read the leaks that a run wrote down.

    :raises GuardSilentError: it wrote none down, not even that there are none.
    """
    path = place.cache / "d" / "infra" / "leaks.json"
    if finished.is_hung or not path.exists():
        raise GuardSilentError(place.root, finished.output)
    leaks = json.loads(path.read_text(encoding="utf-8"))["leaks"]
    return [
        Finding(
            kind=leak["kind"],
            culprit=leak["culprit"],
            resource=leak["resource"],
            text=f"{leak['path']}: {leak['before']} -> {leak['after']}",
        )
        for leak in leaks
    ]
