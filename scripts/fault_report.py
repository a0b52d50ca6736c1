"""Turns what the suite said to planted faults into text; leaves planting them to plant_faults."""

import importlib.metadata
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fault import SUITE, Fault

_PINNED: Final = ("proxmox-mcp-plus", "proxmoxer", "pytest", "pytest-asyncio")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run of the suite ended: tests in all, and the names of those that failed."""

    tests: int
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A fault and what the suite said to it."""

    fault: Fault
    outcome: Outcome

    @property
    def is_caught(self) -> bool:
        """Whether any test noticed."""
        return bool(self.outcome.failed)


def render_list(faults: Sequence[Fault]) -> str:
    """Build the text of --list."""
    return "\n".join(f"{fault.name:<38} {fault.kind}" for fault in faults)


def render_summary(verdicts: Sequence[Verdict]) -> str:
    """Build the last lines: how many were caught, and which weren't."""
    missed = [verdict.fault.name for verdict in verdicts if not verdict.is_caught]
    lines = [f"{len(verdicts) - len(missed)} of {len(verdicts)} faults caught"]
    lines += [f"missed: {name}; write the test that notices it" for name in missed]
    return "\n".join(lines)


def render_document(verdicts: Sequence[Verdict], tests: int) -> str:
    """Build docs/planted-faults.md."""
    rows = [_render_row(verdict) for verdict in verdicts]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PINNED)
    parts = [
        "# Planted faults",
        f"Each line is a mistake that was put into a copy of the tools, one at a time, and the "
        f"number of tests that failed because of it: of the {tests} tests in `{SUITE}`, those in "
        "the directory of the broken tool were run. All tests pass on the copy without a fault, "
        "and every run is checked to have imported the copy.",
        "| fault | kind | what was changed | caught by |\n|---|---|---|---|\n" + "\n".join(rows),
        f"Measured with {versions} on Python {platform.python_version()}.",
        "To repeat it: `python scripts/plant_faults.py --write`; one alone: "
        "`python scripts/plant_faults.py --only NAME`.",
    ]
    return "\n\n".join(parts) + "\n"


def _render_row(verdict: Verdict) -> str:
    fault, failed = verdict.fault, verdict.outcome.failed
    change = f"`{fault.function}`: {_code(fault.old)} → {_code(fault.new)}"
    caught = f"{len(failed)}, first {_code(failed[0])}" if failed else "**none**"
    return f"| {fault.name} | {fault.kind} | {change} | {caught} |"


def _code(text: str) -> str:
    line = " ".join(text.split()).replace("|", "\\|")
    return f"`{line}`"


def render_progress(number: int, total: int, verdict: Verdict) -> str:
    """Build the progress line of one fault."""
    failed = verdict.outcome.failed
    result = f"caught by {len(failed)}, first {failed[0]}" if failed else "MISSED"
    return f"[{number}/{total}] {verdict.fault.name}: {result}"
