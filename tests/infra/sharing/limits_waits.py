"""What calls have waited for: a line a call in the run's directory, and the text of the summary."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from ..errors import RecordError
from ..rate_limits import WAITS
from ..records import FORMAT_VERSION, read_object

SHOWN: Final = 5
"""Tests that the summary names for each limit."""

LEAST_S: Final = 0.05
"""What is shorter is not worth saying."""

NO_TEST: Final = "outside of tests"


@dataclass(frozen=True, slots=True)
class RateWait:
    """How long one call has waited for its place."""

    name: str
    limit: str
    worker_id: str
    nodeid: str
    waited_s: float

    def to_json(self) -> str:
        """Write the record with its format version."""
        return json.dumps({"version": FORMAT_VERSION, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        :raises RecordError: it is something else.
        """
        return cls(**read_object("wait for a rate limit", text))


def write_wait(run_path: Path, wait: RateWait) -> None:
    """Add a line to a worker's file, which outlives the worker."""
    path = run_path / f"{WAITS}{wait.worker_id}.jsonl"
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{wait.to_json()}\n")


def read_waits(run_path: Path) -> Iterator[RateWait]:
    """Read what all workers wrote; the last line of one that was killed may be torn."""
    for path in sorted(run_path.glob(f"{WAITS}*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                yield RateWait.from_json(line)
            except (RecordError, TypeError):
                continue


def render_waits(waits: Iterable[RateWait]) -> list[str]:
    """Render for each limit who waited how long; nothing where nobody did."""
    by_limit: dict[tuple[str, str], list[RateWait]] = {}
    for wait in waits:
        by_limit.setdefault((wait.name, wait.limit), []).append(wait)
    lines: list[str] = []
    for (name, limit), group in sorted(by_limit.items()):
        waited = [wait for wait in group if wait.waited_s >= LEAST_S]
        if waited:
            lines.append(_render_limit(f"{name} ({limit})", len(group), waited))
            lines += [f"  {line}" for line in _render_waiters(waited)]
    return lines


def _render_limit(title: str, calls: int, waited: list[RateWait]) -> str:
    total_s = sum(wait.waited_s for wait in waited)
    longest_s = max(wait.waited_s for wait in waited)
    return (
        f"{title}: {len(waited)} of {calls} calls waited {total_s:.1f} s in all, "
        f"the longest {longest_s:.1f} s"
    )


def _render_waiters(waited: list[RateWait]) -> Iterator[str]:
    workers: Counter[str] = Counter()
    tests: Counter[str] = Counter()
    for wait in waited:
        # In milliseconds: a counter counts whole things.
        workers[wait.worker_id] += round(wait.waited_s * 1000)
        tests[wait.nodeid] += round(wait.waited_s * 1000)
    yield ", ".join(f"{name} {ms / 1000:.1f} s" for name, ms in sorted(workers.items()))
    ranked = sorted(tests.items(), key=lambda test: (-test[1], test[0]))
    for nodeid, ms in ranked[:SHOWN]:
        yield f"{ms / 1000:.1f} s {nodeid}"
    if len(tests) > SHOWN:
        yield f"{sum(ms for _, ms in ranked[SHOWN:]) / 1000:.1f} s {len(tests) - SHOWN} more tests"
