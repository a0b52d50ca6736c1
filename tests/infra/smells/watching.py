"""What the check and the guard tell each other, through two files in pytest's cache.

`watch.json`, written here: which tests the guard should watch closely, by the rules that speak of
them.  `leaks.json`, written by the guard: which tests it watched, and which of them leaked.  A
finding whose tests were all watched since its file was last changed, and were clean, is retired.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import RecordError
from .findings import Finding

CACHE: Final = Path(".pytest_cache") / "d" / "infra"
"""Where `archive.find_directory` leads unless `cache_dir` is set."""

WATCH_FILE: Final = "watch.json"
LEAKS_FILE: Final = "leaks.json"
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Experience:
    """What the guard has seen."""

    watched: Collection[str] = frozenset()
    """Node ids, without parameters."""
    leaking: Collection[str] = frozenset()
    written_at: float = 0.0
    """When, in seconds since the epoch."""


def build_watch(findings: Iterable[Finding]) -> dict[str, list[str]]:
    """Build node id to the rules that speak of it, of those that can be watched."""
    found: dict[str, set[str]] = defaultdict(set)
    for finding in findings:
        if finding.rule.is_watched:
            for nodeid in finding.tests:
                found[nodeid].add(finding.rule_id)
    return {nodeid: sorted(rules) for nodeid, rules in sorted(found.items())}


def render_watch(tests: Mapping[str, list[str]]) -> str:
    """Render the file that the guard reads."""
    return json.dumps({"version": VERSION, "tests": tests}, indent=1)


def parse_leaks(text: str, written_at: float) -> Experience:
    """Read what the guard wrote.

    :raises RecordError: it is something else.
    """
    try:
        found = json.loads(text)
        if found["version"] == VERSION:
            watched = frozenset(_strip(nodeid) for nodeid in found["watched"])
            leaking = frozenset(_strip(leak["nodeid"]) for leak in found["leaks"])
            return Experience(watched, leaking, written_at)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise RecordError("file of leaks", f"{type(error).__name__}: {error}") from error
    raise RecordError("file of leaks", f"it is of version {found['version']!r}, not {VERSION}")


def is_retired(finding: Finding, experience: Experience, changed_at: float) -> bool:
    """Whether the guard has watched all tests of a finding since, and found them clean.

    :param changed_at: when the finding's file was last changed, in seconds since the epoch.
    """
    if not finding.rule.is_watched or not finding.tests or changed_at >= experience.written_at:
        return False
    tests = set(finding.tests)
    return tests <= set(experience.watched) and not tests & set(experience.leaking)


def _strip(nodeid: str) -> str:
    """Cut the parameters off a node id; brackets in a path before `::` are none."""
    path, joint, rest = nodeid.partition("::")
    return path + joint + rest.partition("[")[0]
