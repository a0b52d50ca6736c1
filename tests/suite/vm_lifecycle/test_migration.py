"""Moving a VM to another node, and importing a disk image: what is looked at before, and done."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
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
IMAGE = "images:import/cloud.qcow2"


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

    expected = [(blockers, unknowns) for _, blockers, unknowns in OF_VMS]
    expected += list(OF_REQUESTS.values())
    assert [(one["blockers"], one["unknowns"]) for one in findings] == expected
    assert managed["blockers"] == ["HA-managed VM requires manual relocation"]
    assert not any(one["ready"] for one in [*findings, managed])
    assert lab.changes == []


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
    denied = ProxmoxAPIResponseFactory().create_error_response("Permission denied", status=403)
    unconfirmed = [refusal_of(migrate, lab, **{name: value}) for name in CONFIRMED
                   for value in (False, 1)]  # fmt: skip
    tool = lab.build_tools().preflight_vm_migration
    table = [(NODE, NODE), ("../x", OTHER_NODE), (NODE, "a/b")]
    bad = [refusal_of(tool, source, lab.vmid, target) for source, target in table]
    bad.append(refusal_of(tool, NODE, "0100", OTHER_NODE))
    calls = len(lab.builder.calls)
    lab.set_status("running")
    blocked = refusal_of(migrate, lab)
    lab.set_status("stopped")
    for error in ("got timeout", ConnectionError("reset by peer"), denied):
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
    assert refused == "ValueError: Permission denied: 403 Forbidden: Permission denied"
    assert [path for _, path, _ in lab.changes] == [f"{lab.path}/migrate"] * 3
    assert (lab.guest.node, lab.tasks) == (NODE, [])


def add_images(builder: ProxmoxAPIMockBuilder) -> None:
    """Describe storages of images; both nodes have some, this one alone has the one imported."""
    builder.with_storage("images", content="import").with_storage("off", enabled=False)
    builder.with_content(IMAGE, node=NODE, size_mib=700)
    builder.with_content("images:import/other.raw", node=NODE)
    builder.with_content("images:import/elsewhere.raw", node=OTHER_NODE)


def import_image(lab: Lab, tools: Any = None, **changes: object) -> Any:
    given: Mapping[str, object] = {"source_volume": IMAGE, "destination_storage": "local-lvm"}
    tool = (tools or lab.build_tools()).import_cloud_image
    return tool(**{**lab.params, **given, "confirm_import": True, **changes})


def test_import_attaches_a_disk_made_from_the_image(lab: Lab, job_store: FakeJobStore) -> None:
    add_images(lab.builder)
    digest, before = lab.guest.digest, dict(lab.guest.config)

    text, submission = import_image(lab, lab.build_tools(job_store=job_store), disk_device="scsi5")

    sent = {"scsi5": f"local-lvm:0,import-from={IMAGE}", "digest": digest}
    assert lab.changes == [("POST", f"{lab.path}/config", sent)]
    storages = f"/nodes/{NODE}/storage"
    guest = [f"{lab.path}/status/current", f"{lab.path}/config"]
    assert lab.reads == [*guest, storages, f"{storages}/images/content"]
    assert lab.builder.calls[3].params == {"content": "import"}
    disk = f"local-lvm:vm-{lab.vmid}-disk-1,size=700M"
    assert lab.guest.config == {**before, "scsi5": disk}
    upid, place = lab.upids[0], {"vmid": lab.vmid, "disk_device": "scsi5"}
    task = {"success": True, "status": "submitted", "task_id": upid, "job_id": "job-1"}
    assert json.loads(text.text) == {**task, **place}
    assert json.loads(submission.text) == task
    summary, metadata = f"Import cloud image into VM {lab.vmid}", {**place, "source_volume": IMAGE}
    assert job_store.jobs == [
        Job("import_cloud_image", summary, NODE, upid, metadata, None, None, None),
    ]


STORAGE = "source/destination storage must exist and be active/enabled"
NO_IMAGE = "source_volume must be a storage:import/file.qcow2|raw|vmdk volume"
NOT_THERE = "Image is not uniquely present in import storage"
REFUSED: list[tuple[dict[str, object], str]] = [
    ({"confirm_import": False}, "confirm_import=True required"),
    ({"confirm_import": 1}, "confirm_import=True required"),
    ({"node": "a/b"}, "Invalid resource path segment"),
    ({"vmid": "0100"}, "Invalid VM ID: use a canonical ID between 100 and 999999999"),
    ({"disk_device": "scsi31"}, "Only scsi0..scsi30 disk slots supported"),
    ({"disk_device": "sata0"}, "Only scsi0..scsi30 disk slots supported"),
    ({"destination_storage": "0x"}, "Invalid destination storage"),
    ({"source_volume": 7}, "source_volume must identify an uploaded import image"),
    ({"source_volume": "images:iso/a.iso"}, NO_IMAGE),
    ({"source_volume": "images:import/../a.raw"}, NO_IMAGE),
    ({"disk_device": "scsi0"}, "target disk slot already in use"),
    ({"source_volume": "absent:import/a.raw"}, STORAGE),
    ({"destination_storage": "off"}, STORAGE),
    ({"destination_storage": "local"}, "storage must support images content"),
    ({"source_volume": "local:import/a.raw"}, "storage must support import content"),
    ({"source_volume": "images:import/elsewhere.raw"}, NOT_THERE),
]


def test_import_is_refused_or_uncertain(lab: Lab, read_json: ReadJson) -> None:
    add_images(lab.builder)
    denied = ProxmoxAPIResponseFactory().create_error_response("Permission denied", status=403)

    refusals = [refusal_of(import_image, lab, **changes) for changes, _ in REFUSED]
    lab.set_status("running")
    refusals.append(refusal_of(import_image, lab))
    lab.set_status("stopped")
    changes = lab.changes
    for error in ("got timeout", ConnectionError("reset by peer"), denied):
        lab.builder.with_operation_error("update", error, times=1)
    answers = [read_json(import_image(lab)) for _ in range(2)]
    refusals.append(refusal_of(import_image, lab))

    running = "VM must be stopped before configuration changes"
    refused = "Permission denied: 403 Forbidden: Permission denied"
    expected = [*(message for _, message in REFUSED), running, refused]
    assert refusals == [f"ValueError: {message}" for message in expected]
    assert changes == []
    assert answers == [{**UNKNOWN, "vmid": lab.vmid}] * 2
    assert [(method, "scsi1" in params) for method, _, params in lab.changes] == [
        ("POST", True)
    ] * 3
    assert "scsi1" not in lab.guest.config
