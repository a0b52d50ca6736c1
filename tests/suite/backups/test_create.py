"""Backing up a guest: what is asked of Proxmox, and which archive is there afterwards."""

import json

import pytest

from tests.suite.job_store import FakeJobStore, Job
from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of
from tests.suite.volumes import list_files

pytestmark = pytest.mark.unit

REPORT = """\
Backup Started

  - VM/CT ID: {vmid}
  - Node: {node}
  - Storage: {storage}
  - Compression: {compress}
  - Mode: {mode}{notes}

Task ID: {upid}
Job ID: {job}

The backup is running in the background.
Use list_backups to verify when complete."""
USUAL = {"storage": "local", "compress": "zstd", "mode": "snapshot"}
PATH = f"/nodes/{NODE}/vzdump"


def test_backup_is_one_archive_of_the_guest(lab: Lab, job_store: FakeJobStore) -> None:
    before = list_files(lab.builder.with_task_duration(60))
    tools = lab.build_tools(job_store=job_store)

    text, submission = tools.create_backup(NODE, lab.vmid, "local")
    [job] = job_store.jobs
    job.cancel()
    job.retry()
    lab.builder.clock.advance(60)

    request = {"vmid": lab.vmid, **USUAL}
    assert lab.changes[::2] == [("POST", PATH, request)] * 2
    assert lab.reads == []
    ends = ["received interrupt", "OK"]
    assert lab.tasks == [("vzdump", NODE, lab.vmid, end) for end in ends]
    [(node, archive)] = list_files(lab.builder) - before
    begin = "2026_01_01-00_00_00"
    assert (node, archive) == (NODE, f"local:backup/vzdump-qemu-{lab.vmid}-{begin}.vma.zst")
    upid = lab.upids[0]
    shown = {"vmid": lab.vmid, "node": NODE, "notes": "", "upid": upid, "job": "job-1"}
    assert text.text == REPORT.format(**shown, **USUAL)
    assert json.loads(submission.text)["job_id"] == "job-1"
    assert job == Job(
        "create_backup", f"Create backup for {lab.vmid} on {NODE}", NODE, upid,
        {"vmid": lab.vmid, "storage": "local"},
        {"kind": "backup.create", "params": {"node": NODE, "request": request}},
        job.retry_factory, job.cancel_factory,
    )  # fmt: skip


def test_backup_takes_every_option(lab: Lab, container: str) -> None:
    options = {"compress": "gzip", "mode": "stop"}

    text, _ = lab.build_tools().create_backup(
        NODE, container, "vault", notes="{{guestname}} of {{vmid}}", **options
    )

    sent = {"vmid": container, "storage": "vault", **options}
    notes = {"notes-template": "{{guestname}} of {{vmid}}"}
    assert lab.changes == [("POST", PATH, {**sent, **notes})]
    volumes = lab.builder.cluster.storages["vault"].volumes(NODE)
    [archive] = volumes.values()
    name = f"vault:backup/vzdump-lxc-{container}-2026_01_01-00_00_00.tar.gz"
    assert (archive.volid, archive.notes) == (name, f"box of {container}")
    told = "\n  - Notes: {{guestname}} of {{vmid}}"
    shown = {**sent, "node": NODE, "notes": told, "upid": lab.upids[0], "job": "n/a"}
    assert text.text == REPORT.format(**shown)


def test_backup_that_fails_leaves_no_archive(lab: Lab) -> None:
    before = list_files(lab.builder)
    lab.builder.with_task_error("backup", "job errors", times=1)
    lab.builder.with_operation_error("backup", "no quorum", times=1)
    lab.builder.with_permission_denied("backup", times=1)
    tool = lab.build_tools().create_backup

    refusals = [refusal_of(tool, NODE, lab.vmid, "local") for _ in range(2)]
    with lab.builder.expect_violation():
        refusals.append(refusal_of(tool, NODE, lab.vmid, "local", compress="zip"))
    tool(NODE, lab.vmid, "local")
    tool(NODE, lab.vmid, "local-lvm")
    tool(OTHER_NODE, lab.vmid, "local")

    failed = f"RuntimeError: Failed to create backup for {lab.vmid}: "
    assert refusals[0] == f"{failed}500 Internal Server Error: no quorum"
    assert refusals[1].startswith(f"{failed}403 Forbidden: Permission check failed")
    assert refusals[2].startswith(f"{failed}400 Bad Request: Parameter verification failed.")
    ends = [(node, status) for _, node, _, status in lab.tasks]
    assert ends[0] == (NODE, "job errors")
    assert str(ends[1][1]).endswith("wrong content type")
    assert list_files(lab.builder) == before
