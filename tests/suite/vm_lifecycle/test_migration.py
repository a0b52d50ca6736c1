"""Moving a VM to another node: what is looked at before, and what is done then."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.mock_helpers import impossible
from tests.fixtures.response_factory import ProxmoxAPIResponseFactory
from tests.suite.job_store import FakeJobStore, Job
from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

ReadJson = Callable[[Any], dict[str, Any]]
CONFIRMED = {
    "confirm_migration": True,
    "confirm_backup_verified": True,
    "confirm_workload_drained": True,
    "confirm_cpu_compatibility": True,
}
UNKNOWN = {
    "success": False,
    "status": "unknown",
    "retryable": False,
    "code": "SUBMISSION_UNCERTAIN",
    "node": NODE,
    "message": "Inspect Proxmox tasks, VM config and location before retrying",
}


def assess(lab: Lab, read_json: ReadJson) -> dict[str, Any]:
    return read_json(lab.build_tools().preflight_vm_migration(**lab.params, destination=OTHER_NODE))


def migrate(lab: Lab, **changes: object) -> Any:
    return lab.build_tools().migrate_vm(NODE, lab.vmid, OTHER_NODE, **{**CONFIRMED, **changes})


def test_preflight_looks_at_both_nodes(lab: Lab, read_json: ReadJson) -> None:
    lab.builder.with_storage("vault", kind="nfs").with_bridge("vmbr7", OTHER_NODE)
    disks = {"scsi0": "local-lvm:20", "scsi1": "local-lvm:12", "virtio0": "vault:8"}
    drives = {"ide2": "local-lvm:cloudinit", "sata0": "none,media=cdrom"}
    harmless = {"serial0": "socket", "net1": "virtio,bridge=vmbr7", "cpu": "host"}
    lab.builder.with_vm(lab.vmid, NODE, **disks, **drives, **harmless)

    answer = assess(lab, read_json)

    reads = ["/nodes", "/cluster/resources", f"{lab.path}/config", f"{lab.path}/status/current",
             "/cluster/ha/resources", f"{lab.path}/migrate", f"/nodes/{OTHER_NODE}/storage",
             f"/nodes/{OTHER_NODE}/network"]  # fmt: skip
    assert (lab.reads, lab.changes) == (reads, [])
    sent = {call.path: call.params for call in lab.builder.calls if call.params}
    asked = [{"type": "vm"}, {"target": OTHER_NODE}, {"type": "any_bridge"}]
    assert sent == dict(zip((reads[1], reads[5], reads[7]), asked, strict=True))
    warnings = answer.pop("warnings")
    assert [text.split()[0] for text in warnings] == ["Observations", "Backup"]
    assert answer == {
        "ready": True,
        "source": NODE,
        "destination": OTHER_NODE,
        "vmid": lab.vmid,
        "mode": "offline",
        "blockers": [],
        "unknowns": [],
        "checks": {
            "node_status": {NODE: "online", OTHER_NODE: "online"},
            "vm_status": "stopped",
            "native_preflight": True,
            "disk_bytes_by_storage": {"local-lvm": 32 << 30, "vault": 8 << 30},
            "destination_bridges": ["vmbr0", "vmbr7"],
            "cpu": "host",
        },
    }


LOCAL = "node-local resources or unused disks need manual review"
NATIVE = "native local/mapped resources require manual review"
NO_NATIVE = "native migration preconditions unavailable or malformed"
NO_LOCAL_DISKS = "native preflight omitted local storage local-lvm dependencies"
NO_DISKS = "no VM disks with known storage"
OF_VMS: list[tuple[dict[str, Any], list[str], list[str]]] = [
    ({"status": "running"}, ["offline migration requires VM to be stopped",
     "native preflight reports a running VM"], [NO_NATIVE, NO_LOCAL_DISKS]),
    ({"lock": "backup"}, ["locked VM or template"], [NO_NATIVE, NO_LOCAL_DISKS]),
    ({"template": 1}, ["locked VM or template"], []),
    ({"hostpci0": "0000:01:00.0"}, [LOCAL, NATIVE], []),
    ({"usb0": "host=1234:5678"}, [LOCAL, NATIVE], []),
    ({"args": "-no-hpet"}, [LOCAL], []),
    ({"serial0": "/dev/ttyS0"}, ["physical serial devices need manual review", NATIVE], []),
    ({"ide2": "local:iso/debian.iso,media=cdrom"},
     ["local ISO/CD-ROM must be ejected before migration"], []),
    ({"scsi1": "here:8"}, ["native preflight does not allow the destination",
     "destination storage here missing, inactive or disabled"], []),
    ({"scsi1": "local-lvm:460"},
     ["destination storage local-lvm insufficient free space for provisioned disks"], []),
    ({"net1": "virtio,bridge=vmbr9"}, ["destination bridge vmbr9 missing or inactive"], []),
    ({"net1": "virtio"}, [], ["net1 bridge unknown"]),
    ({"scsi0": None}, [], [NO_DISKS]),
]  # fmt: skip
OF_REQUESTS: dict[str, tuple[list[str], list[str]]] = {
    "/nodes": ([], ["node availability could not be verified"]),
    "/cluster/resources": ([], ["cluster VM inventory unavailable"]),
    "{path}/config": (
        ["native pending or snapshot-only disk dependencies need manual review"],
        ["VM configuration unreadable", NO_DISKS],
    ),
    "{path}/status/current": ([], ["VM runtime status unavailable"]),
    "{path}/migrate": ([], [NO_NATIVE, NO_LOCAL_DISKS]),
    "/cluster/ha/resources": ([], ["HA membership could not be verified"]),
    f"/nodes/{OTHER_NODE}/storage": ([], ["destination storage status/capacity unavailable"]),
    f"/nodes/{OTHER_NODE}/network": ([], ["destination network bridges unavailable"]),
}


def test_preflight_finds_what_stands_in_the_way(lab: Lab, read_json: ReadJson) -> None:
    lab.builder.with_storage("here", nodes=[NODE]).with_content("local:iso/debian.iso", node=NODE)
    findings = []
    for options, _, _ in OF_VMS:
        lab.builder.with_vm(lab.vmid, NODE, **options)
        findings.append(assess(lab, read_json))
    lab.builder.with_vm(lab.vmid, NODE)
    for path in OF_REQUESTS:
        lab.builder.with_path_error("GET", path.format(path=lab.path), "got timeout", times=1)
        findings.append(assess(lab, read_json))
    lab.builder.with_ha(lab.vmid, "stopped")
    managed = assess(lab, read_json)
    tool = lab.build_tools().preflight_vm_migration
    misplaced = read_json(tool(OTHER_NODE, lab.vmid, NODE))
    lab.builder.with_node(OTHER_NODE, online=False)
    offline = assess(lab, read_json)

    expected = [(blockers, unknowns) for _, blockers, unknowns in OF_VMS]
    expected += list(OF_REQUESTS.values())
    assert [(one["blockers"], one["unknowns"]) for one in findings] == expected
    assert managed["blockers"] == ["HA-managed VM requires manual relocation"]
    assert misplaced["blockers"][0] == "VM ownership or identity mismatch"
    assert offline["blockers"][0] == "both source and destination must be online"
    assert not any(one["ready"] for one in [*findings, managed, offline])
    assert lab.changes == []


NATIVE_ODDITIES: list[dict[str, Any]] = [
    {"running": 2},
    {"running": None},
    {"allowed_nodes": "node1"},
    {"allowed_nodes": [1]},
    {"not_allowed_nodes": [OTHER_NODE]},
    {"not_allowed_nodes": {OTHER_NODE: "no"}},
    {"local_resources": "usb0"},
    {"local_resources": [1]},
    {"mapped-resources": {}},
    {"mapped-resource-info": []},
    {"local_disks": [{"volid": "no volume", "cdrom": 0, "is_unused": 0, "size": 1}]},
    {"local_disks": [{"volid": "a:b", "cdrom": 0, "is_unused": 0, "size": 0}]},
    {"local_disks": [{"volid": "a:b", "cdrom": 0, "is_unused": 0, "size": True}]},
    {"local_disks": [{"volid": "a:b", "cdrom": "0", "is_unused": 0, "size": 1}]},
    {"local_disks": [{"volid": "a:b", "cdrom": 0, "is_unused": 0, "size": 1, "shared": 7}]},
    {"local_disks": [{"volid": "a:b", "cdrom": 0, "is_unused": 0, "size": 1}] * 2},
]
SAVED = "native unused or saved-state disks require manual review"
BLOCKING: list[tuple[dict[str, Any], str]] = [
    ({"not_allowed_nodes": {OTHER_NODE: {"unavailable_storages": ["x"]}}},
     "native preflight does not allow the destination"),
    ({"allowed_nodes": []}, "native preflight does not allow the destination"),
    ({"mapped-resources": ["gpu"]}, NATIVE),
    ({"mapped-resource-info": {"gpu": {}}}, NATIVE),
    ({"local_disks": [{"volid": "a:b", "cdrom": 0, "is_unused": 0, "is_vmstate": 1, "size": 1}]},
     SAVED),
]  # fmt: skip


def test_preflight_doubts_what_makes_no_sense(lab: Lab, read_json: ReadJson) -> None:
    mock: Any = lab.builder.build()
    tool = lab.build_mocked_tools().preflight_vm_migration
    check = mock.nodes(NODE).qemu(lab.vmid).migrate.get
    usual = check(target=OTHER_NODE)
    changes = [*NATIVE_ODDITIES, *(one for one, _ in BLOCKING)]
    check.side_effect = [impossible({**usual, **change}) for change in changes]
    findings = [read_json(tool(NODE, lab.vmid, OTHER_NODE)) for _ in changes]
    check.side_effect = [impossible(usual)] * 2
    network = mock.nodes(OTHER_NODE).network.get
    network.side_effect = [impossible([{"iface": "vmbr0", "active": 0}]), impossible([{}])]
    bridges = [read_json(tool(NODE, lab.vmid, OTHER_NODE)) for _ in range(2)]

    odd, blocking = findings[: len(NATIVE_ODDITIES)], findings[len(NATIVE_ODDITIES) :]
    assert [NO_NATIVE in one["unknowns"] for one in odd] == [True] * len(odd)
    assert [NO_NATIVE in one["unknowns"] for one in blocking] == [False] * len(blocking)
    assert [one["blockers"][0] for one in blocking] == [blocker for _, blocker in BLOCKING]
    assert bridges[0]["blockers"] == ["destination bridge vmbr0 missing or inactive"]
    assert bridges[1]["unknowns"] == ["destination network bridges unavailable"]


def test_preflight_doubts_disks_and_storages(lab: Lab, read_json: ReadJson) -> None:
    mock: Any = lab.builder.build()
    tool = lab.build_mocked_tools().preflight_vm_migration
    config = mock.nodes(NODE).qemu(lab.vmid).config.get
    usual, pools = config(), mock.nodes(OTHER_NODE).storage.get()
    volume = str(usual["scsi0"]).partition(",")[0]
    disks = [7, volume, f"{volume},size=0G", "/dev/sdb,size=1G", f"{volume},size=33554432K"]
    config.side_effect = [impossible({**usual, "scsi0": disk}) for disk in disks]
    findings = [read_json(tool(NODE, lab.vmid, OTHER_NODE)) for _ in disks]
    config.side_effect = [impossible(usual)] * 5
    disk_pool = pools[1]
    contents = ["rootdir", ["images"], 7]
    inventories = [[{**disk_pool, "content": content}] for content in contents]
    inventories += [[disk_pool, disk_pool], [{**disk_pool, "shared": 1}]]
    mock.nodes(OTHER_NODE).storage.get.side_effect = [impossible(one) for one in inventories]
    judged = [read_json(tool(NODE, lab.vmid, OTHER_NODE)) for _ in inventories]

    unknown = "scsi0 disk configuration/capacity unavailable"
    assert [unknown in one["unknowns"] for one in findings] == [True] * 4 + [False]
    assert findings[4]["checks"]["disk_bytes_by_storage"] == {"local-lvm": 32 << 30}
    lacks = "destination storage local-lvm does not support required content"
    lost = "destination storage status/capacity unavailable"
    odd = "shared storage local-lvm contradicts native local disk evidence"
    assert [(one["blockers"], one["unknowns"]) for one in judged] == [
        ([lacks], []), ([], []), ([], [lost]), ([], [lost]), ([], [odd]),
    ]  # fmt: skip


def test_migration_moves_the_vm(lab: Lab, job_store: FakeJobStore) -> None:
    tools = lab.build_tools(job_store=job_store)

    text, submission = tools.migrate_vm(NODE, lab.vmid, OTHER_NODE, **CONFIRMED)

    sent = {"target": OTHER_NODE, "online": 0, "with-local-disks": 1}
    assert lab.changes == [("POST", f"{lab.path}/migrate", sent)]
    assert lab.tasks == [("qmigrate", NODE, lab.vmid, "OK")]
    assert (lab.guest.node, lab.guest.status) == (OTHER_NODE, "stopped")
    upid, place = lab.upids[0], {"source": NODE, "destination": OTHER_NODE}
    task = {"success": True, "status": "submitted", "task_id": upid, "job_id": "job-1"}
    assert json.loads(text.text) == {**task, "vmid": lab.vmid, **place}
    assert json.loads(submission.text) == task
    summary = f"Offline migrate VM {lab.vmid} from {NODE} to {OTHER_NODE}"
    metadata = {"vmid": lab.vmid, **place}
    assert job_store.jobs == [
        Job("migrate_vm", summary, NODE, upid, metadata, None, None, None),
    ]


def test_migration_is_refused_or_uncertain(lab: Lab, read_json: ReadJson) -> None:
    mismatch = ProxmoxAPIResponseFactory().create_error_response("bad target", status=400)
    unconfirmed = [refusal_of(migrate, lab, **{name: 1}) for name in CONFIRMED]
    tools = lab.build_tools()
    for name in CONFIRMED:
        others = {key: value for key, value in CONFIRMED.items() if key != name}
        unconfirmed.append(refusal_of(tools.migrate_vm, NODE, lab.vmid, OTHER_NODE, **others))
    tool = lab.build_tools().preflight_vm_migration
    table = [(NODE, NODE), ("../x", OTHER_NODE), (NODE, "a/b")]
    bad = [refusal_of(tool, source, lab.vmid, target) for source, target in table]
    bad.append(refusal_of(tool, NODE, "0100", OTHER_NODE))
    calls = len(lab.builder.calls)
    lab.set_status("running")
    blocked = refusal_of(migrate, lab)
    lab.set_status("stopped")
    for error in ("got timeout", ConnectionError("reset by peer"), mismatch):
        lab.builder.with_operation_error("migrate", error, times=1)
    answers = [read_json(migrate(lab)) for _ in range(2)]
    refused = refusal_of(migrate, lab)

    reason = "Explicit migration, verified-backup, workload-drain and CPU-compatibility"
    assert set(unconfirmed) == {f"ValueError: {reason} confirmations required"}
    assert bad == [
        "ValueError: source and destination must be distinct named nodes",
        *["ValueError: Invalid resource path segment"] * 2,
        "ValueError: Invalid VM ID: use a canonical ID between 100 and 999999999",
    ]
    assert calls == 0
    blockers, unknowns = OF_VMS[0][1:]
    assert blocked == f"ValueError: Migration blocked: {'; '.join(blockers + unknowns)}"
    assert answers == [{**UNKNOWN, "vmid": lab.vmid}] * 2
    assert refused == "RuntimeError: Failed to migrate VM: 400 Bad Request: bad target"
    assert [path for _, path, _ in lab.changes] == [f"{lab.path}/migrate"] * 3
    assert (lab.guest.node, lab.tasks) == (NODE, [])
