"""Importing a disk image into a VM: what is looked at before, and what is done then."""

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
UNKNOWN = {
    "success": False,
    "status": "unknown",
    "retryable": False,
    "code": "SUBMISSION_UNCERTAIN",
    "node": NODE,
    "message": "Inspect Proxmox tasks, VM config and location before retrying",
}
IMAGE = "images:import/cloud.qcow2"


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
    mismatch = ProxmoxAPIResponseFactory().create_error_response("bad digest", status=400)

    refusals = [refusal_of(import_image, lab, **changes) for changes, _ in REFUSED]
    lab.set_status("running")
    refusals.append(refusal_of(import_image, lab))
    lab.set_status("stopped")
    changes = lab.changes
    for error in ("got timeout", ConnectionError("reset by peer"), mismatch):
        lab.builder.with_operation_error("update", error, times=1)
    answers = [read_json(import_image(lab)) for _ in range(2)]
    refusals.append(refusal_of(import_image, lab))

    running = "VM must be stopped before configuration changes"
    refused = "RuntimeError: Failed to import cloud image: 400 Bad Request: bad digest"
    expected = [*(message for _, message in REFUSED), running]
    assert refusals == [*(f"ValueError: {message}" for message in expected), refused]
    assert changes == []
    assert answers == [{**UNKNOWN, "vmid": lab.vmid}] * 2
    assert [(method, "scsi1" in params) for method, _, params in lab.changes] == [
        ("POST", True)
    ] * 3
    assert "scsi1" not in lab.guest.config
