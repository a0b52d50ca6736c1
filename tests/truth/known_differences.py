"""Lists where the double differs from fakepve, each with its reason.

Neither has the last word: that has a Proxmox VE server, which is not at hand here. Where a reason
names Proxmox's own source or its web interface, it is from knowledge of these, not from a run.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_RULE: Final = ("affinity", "comment", "disable", "nodes", "resources", "strict", "type")
_RULE_PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = {
    "POST /cluster/ha/rules": (*_RULE, "rule"),
    "PUT /cluster/ha/rules/{rule}": (*_RULE, "delete", "digest"),
}

# Request and difference, as table_comparison words it: why ours is right, or right enough.
TABLE_DIFFERENCES: Final[Mapping[tuple[str, str], str]] = {
    ("GET /cluster/nextid", "result: ours is a string, theirs integer"): (
        "declared as an integer, sent as a string: the schema describes Perl, which doesn't mind"
    ),
    (
        "POST /nodes/{node}/storage/{storage}/download-url",
        "parameter compression: choices differ: ['bz2', 'gz', 'lzo', 'zst']",
    ): "Proxmox declares a pattern; these are the compressors that it has",
    **{
        (
            f"{method} /nodes/{{node}}/network{suffix}",
            f"parameter {name}: longest: ours 20, theirs None",
        ): ("the length belongs to the format of an interface's name")
        for method, suffix in (("POST", ""), ("PUT", "/{iface}"))
        for name in ("bond-primary", "vlan-raw-device")
    },
    **{
        (request, f"parameter {name}: Proxmox VE has none"): (
            "declared as one of several objects, one for each type of rule, which is not compared"
        )
        for request, names in _RULE_PARAMETERS.items()
        for name in names
    },
}


@dataclass(frozen=True, slots=True)
class Difference:
    """What a line of `compare_outcomes` looks like, and why it may be there."""

    line: str
    reason: str


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
        r"skiplock|exitstatus 'OK', theirs 'VM is locked \(backup\)'",
        "fakepve ignores skiplock, which root may use",
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


def find_reason(line: str) -> str | None:
    """Return why the difference may be there, or None when nobody has said so."""
    return next((one.reason for one in DIFFERENCES if re.search(one.line, line)), None)
