"""What other tools print, read as accusations in our words.

How they are run is left to `rivals`.  A cause that a tool has no word for is `unknown`.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from flakes.judging import Accusation

WHYFLAKY_DIMENSIONS: Final[Mapping[str, str]] = {
    "hashseed": "unordered collection",
    "rngseed": "random",
}
WHYFLAKY_KINDS: Final[Mapping[str, str]] = {
    "order-dependent (victim)": "victim",
    # It can't tell the two apart, but says that a setter may be missing.
    "always failing (brittle or broken)": "brittle",
}
DOCTOR_VERDICTS: Final[Mapping[str, str]] = {
    "flaky-order": "victim",
    "flaky-interleave": "concurrency",
    "flaky-time": "time or time zone",
    "flaky-rng": "random",
    "flaky-network": "network",
    "flaky-fs": "shared file or directory",
    "flaky-hashseed": "unordered collection",
    "flaky-unattributed": "unknown",
    "deterministic-failure": "fails always",
}
"""All verdicts that say something of the test; the others are that it is not flaky, or unclear."""


class NoAnswerError(Exception):
    """A tool ended without the report that it was asked for."""


def compare_runs(outputs: Sequence[str]) -> list[Accusation]:
    """Accuse the tests that passed in some runs and failed in others, of no kind."""
    outcomes: dict[str, set[bool]] = defaultdict(set)
    for output in outputs:
        for test, has_passed in _read_outcomes(output).items():
            outcomes[test].add(has_passed)
    if not outcomes:
        raise NoAnswerError(outputs[0][-200:])
    return [Accusation(test, "unknown") for test, seen in outcomes.items() if len(seen) == 2]


def _read_outcomes(output: str) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for line in output.splitlines():
        if match := re.match(r"(PASSED|FAILED|ERROR) ([^ ]+::.+?)(?: - .*)?$", line):
            # A test that passes and fails in its teardown has a line for each.
            found[match[2]] = found.get(match[2], True) and match[1] == "PASSED"
    return found


# Any: another tool's JSON; so below.
def read_whyflaky(path: Path) -> list[Accusation]:
    """Read whyflaky's report."""
    report: Mapping[str, Any] = _read(path)
    return [_read_flake(flake) for flake in report["flakes"]]


def _read_flake(flake: Mapping[str, Any]) -> Accusation:
    diagnosis = flake.get("diagnosis") or {}
    kind = WHYFLAKY_KINDS.get(flake["kind"], "unknown")
    for dimension in diagnosis.get("implicated") or ():
        kind = WHYFLAKY_DIMENSIONS.get(dimension, kind)
    return Accusation(flake["test_id"], kind, tuple(diagnosis.get("polluters") or ()))


def read_doctor(path: Path) -> list[Accusation]:
    """Read pytest-flakedoctor's report; it leaves it empty where all tests of a suite passed."""
    if not path.exists() or not path.stat().st_size:
        return []
    report: Mapping[str, Any] = _read(path)
    kind = DOCTOR_VERDICTS.get(report["verdict"])
    if kind is None:
        return []
    repro = report.get("repro") or {}
    polluters = tuple(repro.get("polluters") or ())
    return [Accusation(report["nodeid"], kind, polluters, repro.get("command") or "")]


def read_detector(test: str, output: str) -> list[Accusation]:
    """Read what detect-test-pollution printed."""
    if match := re.search(r"-> the polluting test is: (.+)", output):
        return [Accusation(test, "victim", (match[1].strip(),))]
    if "discovering all tests..." not in output:
        raise NoAnswerError(output[-200:])
    return []


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NoAnswerError(repr(error)) from error
    return found
