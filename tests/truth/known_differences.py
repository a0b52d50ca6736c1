"""Lists where the double differs from fakepve, each with its reason.

Neither has the last word: that has a Proxmox VE server, which is not at hand here. Where a reason
names Proxmox's own source or its web interface, it is from knowledge of these, not from a run.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Request and difference, as table_comparison words it: why ours is right, or right enough.
TABLE_DIFFERENCES: Final[Mapping[tuple[str, str], str]] = {
    ("GET /cluster/nextid", "result: ours is a string, theirs integer"): (
        "declared as an integer, sent as a string: the schema describes Perl, which doesn't mind"
    ),
    (
        "POST /nodes/{node}/storage/{storage}/download-url",
        "parameter compression: choices differ: ['bz2', 'gz', 'lzo', 'zst']",
    ): ("the published schema names no choices, by an oversight; Proxmox unpacks only these"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """What a line of `compare_outcomes` looks like, and why it may be there."""

    line: str
    reason: str
    scenario: str | None = None  # the only one in which it may be there; None for all


DIFFERENCES: Final = (
    # Where fakepve has a gap or says so itself.
    Difference(
        r"answer(\[\d+\])?\.(agent|balloon|clipboard|serial|pressure\w+) only in theirs",
        "fakepve fills optional figures of a guest from the schema, whatever the configuration",
    ),
    Difference(
        r"answer.running-machine '",
        "the version of QEMU; each imitates another one",
    ),
    Difference(r"answer.(version|release|repoid) '", "each imitates another version"),
    Difference(r"ssl_fingerprint only in theirs", "the double has no certificates"),
    Difference(
        r"GET nodes/node1/tasks \(typefilter='qmstart'\): answer has 1 entries, theirs 2",
        "fakepve ignores the filter",
    ),
    Difference(
        r"\(delete='bogus'\): status 400 .*, theirs 200",
        "fakepve doesn't look at the names in `delete`",
    ),
    Difference(r"no options specified, theirs 200", "fakepve accepts an empty change"),
    Difference(r"answer.cores (\d+), theirs '\1'", "fakepve stores what the form said, as text"),
    Difference(
        r"GET nodes/node1/qemu/100/config \(\): answer.cores 4, theirs 2",
        "without `current` the configuration is shown with what is pending, as the schema says",
    ),
    Difference(
        r"answer\.exitstatus 'OK', theirs 'VM is locked \(backup\)'"
        r"|answer\.(pid|running-\w+|pressure\w+) only in ours"
        r"|answer\.(qmpstatus|status) 'running', theirs 'stopped'",
        "fakepve ignores skiplock, which root may use",
        scenario="skiplock",
    ),
    Difference(
        r"GET nodes/node1/qemu \(\): answer\[0\]\.disk(read|write) only in ours",
        "Proxmox sends both as 0 in a list, as the schema declares",
    ),
    Difference(r"answer\.id 'a\.iso', theirs 'local'", "the id of a download's task is the file"),
    Difference(
        r"storage/local/content \(content='iso'\): answer\[0\]\.size",
        "nothing is downloaded, so each makes up a size",
    ),
    Difference(
        r"<task download a\.iso>', theirs '<task download local>'",
        "the id of a download's task is the name of the file",
    ),
    # Where the wording is Proxmox's own, from its sources.
    Difference(r"qmpause", "a pause without `todisk` is a task of type qmpause, shown as Pause"),
    Difference(
        r"not implemented', theirs \"Method '\w+ /api2/json|not implemented\", theirs \"Method",
        "Proxmox names the path below the API's root",
    ),
    Difference(
        r"(No QEMU guest agent configured|is not running)', theirs 'QEMU guest agent is not",
        "Proxmox tells apart: no agent configured, VM not running, agent not running",
    ),
    Difference(
        r"status 400 Parameter verification failed. \{'upid': .*, theirs 500 unable to parse",
        "Proxmox answers with a complaint about the parameter `upid`",
    ),
)


def find_difference(scenario: str, line: str) -> Difference | None:
    """Return the difference that the line of the scenario is, None when nobody has said so."""
    return next((one for one in DIFFERENCES if _is_like(one, scenario, line)), None)


def _is_like(one: Difference, scenario: str, line: str) -> bool:
    return one.scenario in {None, scenario} and re.search(one.line, line) is not None
