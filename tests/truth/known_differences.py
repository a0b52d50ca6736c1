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
    Difference(
        r"answer\.members\[0\]\.(?!pool )\w+ only in ours",
        "Proxmox shows the members' figures, as cluster/resources does",
        "pool_members",
    ),
    Difference(
        r"answer\[0\]\.(name 'cluster'|online only in theirs)|answer\[1\]\.ip '",
        "each makes up a name and addresses; only nodes are online",
        "status_of_the_cluster",
    ),
    Difference(
        r"cluster/tasks \(\): answer\[0\]\.",
        "fakepve makes up an entry from the schema",
        "tasks_of_the_cluster",
    ),
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
    Difference(r"answer\.scsi0 '.*size=36G'", "fakepve enlarges nothing", "resize_of_a_disk"),
    Difference(
        r"qmmove 100>', theirs|answer\.type 'qmmove', theirs|config \(\): answer\.scsi1 'thin:",
        "fakepve moves nothing, and names the task by the path; Proxmox calls it qmmove",
        "disk_is_moved",
    ),
    Difference(
        r"config \(\): answer\.(scsi1 only in theirs|unused0 only in ours)",
        "fakepve unlinks nothing",
        "disk_is_unlinked",
    ),
    Difference(
        r"config \(\): answer\.unused[01] only in ours",
        "fakepve forgets the volume; with Proxmox it becomes an unused one",
        "disk_is_removed_from_the_configuration",
    ),
    Difference(
        r"config \(\): answer\.boot only in theirs",
        "Proxmox takes a removed disk out of the boot order",
        "disk_is_removed_from_the_configuration",
    ),
    Difference(
        r"answer\.scsi2 '.*', theirs 'local-lvm:1'|'nowhere' does not exist, theirs 200"
        r"|answer\[\d\]\.(size|volid)",
        "fakepve keeps the value of a new disk as it was sent, and makes no volume",
        "disk_is_added",
    ),
    Difference(
        r"/feature .*answer\.(hasFeature|nodes\[0\])",
        "fakepve makes up the answer from the schema",
        "features_of_a_vm",
    ),
    Difference(
        r"content \(vmid=200\): answer has \d entries",
        "fakepve doesn't free the volumes of containers",
        "volumes_of_a_container",
    ),
    Difference(
        r"answer\.mp0 'thin:|volume 'mp3' for container '200' does not exist, theirs 200",
        "fakepve moves nothing",
        "volume_is_moved",
    ),
    Difference(
        r"answer None, theirs '<task vztemplate 200>'",
        "the schema declares null, as Proxmox's code returns; the task runs nevertheless",
        "container_template",
    ),
    *(
        Difference(
            r"GET nodes/node1/qemu/100/migrate \(.*\): answer\.",
            "fakepve makes up the answer from the schema",
            scenario,
        )
        for scenario in ("preconditions_of_a_migration", "preconditions_of_running_guests")
    ),
    Difference(
        r"pending \(\): answer\.digest only in ours",
        "Proxmox lists the digest among the options; its own tools leave it out when they print",
        "pending_changes",
    ),
    Difference(r"answer\.cores\.pending 4, theirs '4'", "stored as text, as above"),
    Difference(
        r"content \(content='backup'\): answer has 1 entries, theirs 0",
        "fakepve's vzdump makes no backup",
        "backup_of_a_vm",
    ),
    Difference(
        r"answer\[0\]\.subtype only in ours",
        "Proxmox says of a backup which kind of guest is in it",
        "backup_among_the_content",
    ),
    Difference(
        r"answer\.result\.version '|get-fsinfo .*answer\.result\[0\]\."
        r"((total|used)-bytes|disk\[0\]\.(dev|serial|pci-controller) only)",
        "each makes up another guest; QEMU sends a pci-controller, too",
        "agent_commands",
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
