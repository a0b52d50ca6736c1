"""Restoring and deleting backups."""

import json

import pytest

from tests.fixtures.proxmox.guests import Guest
from tests.suite.backups.archives import add_backup
from tests.suite.job_store import FakeJobStore, Job
from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of
from tests.suite.volumes import list_files

pytestmark = pytest.mark.unit

REPORT = """\
{kind} Restore Started

  - New ID: {vmid}
  - From: {archive}
  - Target Node: {node}{storage}
  - Unique MACs: {unique}

Task ID: {upid}
Job ID: {job}

The restore is running in the background.
The {lower} will be available once the task completes."""


def report_of(kind: str, **facts: object) -> str:
    usual = {"node": NODE, "storage": "", "unique": "Yes", "job": "n/a"}
    return REPORT.format(kind=kind, lower=kind.lower(), **{**usual, **facts})


def restored(lab: Lab) -> Guest:
    return lab.builder.cluster.guests[int(lab.spare_vmid)]


def cancel_and_retry(lab: Lab, job_store: FakeJobStore) -> None:
    """Do so with the one job, and let its second task end."""
    [job] = job_store.jobs
    job.cancel()
    job.retry()
    lab.builder.clock.advance(60)


def restore_job(
    lab: Lab, job_store: FakeJobStore, kind: str, archive: str, sent: dict[str, object]
) -> Job:
    """Return what the one job must be."""
    [job] = job_store.jobs
    spec = {"node": NODE, "request": sent, "is_lxc": kind == "container"}
    metadata = {"archive": archive, "vmid": lab.spare_vmid, "storage": sent.get("storage")}
    summary = f"Restore {kind} backup to {lab.spare_vmid} on {NODE}"
    return Job(
        "restore_backup", summary, NODE, lab.upids[0], metadata,
        {"kind": "backup.restore", "params": spec}, job.retry_factory, job.cancel_factory,
    )  # fmt: skip


def test_restore_makes_a_vm_with_addresses_of_its_own(lab: Lab, job_store: FakeJobStore) -> None:
    lab.builder.with_vm(lab.vmid, NODE, name="web-1", memory=3072)
    archive = add_backup(lab, lab.vmid, "local")
    lab.builder.with_vm(lab.vmid, NODE, name="changed").with_task_duration(60)
    tools = lab.build_tools(job_store=job_store)

    text, submission = tools.restore_backup(NODE, archive, lab.spare_vmid)
    cancel_and_retry(lab, job_store)

    sent = {"vmid": int(lab.spare_vmid), "archive": archive, "unique": 1}
    assert lab.changes[::2] == [("POST", f"/nodes/{NODE}/qemu", sent)] * 2
    ends = ["received interrupt", "OK"]
    assert lab.tasks == [("qmrestore", NODE, lab.spare_vmid, end) for end in ends]
    guest, upid = restored(lab), lab.upids[0]
    assert (guest.node, guest.name, guest.status) == (NODE, "web-1", "stopped")
    assert (guest.kind, guest.maxmem) == ("qemu", 3072 << 20)
    assert guest.config["net0"] != lab.guest.config["net0"]
    assert lab.guest.name == "changed"
    told = report_of("VM", vmid=lab.spare_vmid, archive=archive, upid=upid, job="job-1")
    assert text.text == told
    assert json.loads(submission.text)["job_id"] == "job-1"
    assert job_store.jobs == [restore_job(lab, job_store, "vm", archive, sent)]


def test_restore_takes_node_storage_and_addresses(lab: Lab) -> None:
    lab.builder.with_storage("fast", kind="lvmthin")
    archive = add_backup(lab, lab.vmid)

    text, _ = lab.build_tools().restore_backup(
        OTHER_NODE, archive, lab.spare_vmid, storage="fast", unique=False
    )

    sent = {"vmid": int(lab.spare_vmid), "archive": archive, "storage": "fast"}
    assert lab.changes == [("POST", f"/nodes/{OTHER_NODE}/qemu", sent)]
    guest = restored(lab)
    assert (guest.node, str(guest.config["scsi0"])[:5]) == (OTHER_NODE, "fast:")
    assert guest.config["net0"] == lab.guest.config["net0"]
    assert text.text == report_of(
        "VM", vmid=lab.spare_vmid, archive=archive, node=OTHER_NODE, upid=lab.upids[0],
        storage="\n  - Target Storage: fast", unique="No",
    )  # fmt: skip


def test_restore_of_a_container_makes_a_container(
    lab: Lab, container: str, job_store: FakeJobStore
) -> None:
    archive = add_backup(lab, container, kind="lxc")
    lab.builder.with_task_duration(60)
    tools = lab.build_tools(job_store=job_store)

    text, _ = tools.restore_backup(NODE, archive, lab.spare_vmid, storage="local-lvm")
    cancel_and_retry(lab, job_store)

    new = {"vmid": int(lab.spare_vmid), "ostemplate": archive, "restore": 1, "unique": 1}
    sent = {**new, "storage": "local-lvm"}
    assert lab.changes[::2] == [("POST", f"/nodes/{NODE}/lxc", sent)] * 2
    ends = ["received interrupt", "OK"]
    assert lab.tasks == [("vzrestore", NODE, lab.spare_vmid, end) for end in ends]
    guest, original = restored(lab), lab.builder.cluster.guests[int(container)]
    assert (guest.kind, guest.node, guest.name) == ("lxc", NODE, "box")
    assert guest.config["net0"] != original.config["net0"]
    upid, told = lab.upids[0], "\n  - Target Storage: local-lvm"
    assert text.text == report_of(
        "Container", vmid=lab.spare_vmid, archive=archive, upid=upid, storage=told, job="job-1"
    )
    assert job_store.jobs == [restore_job(lab, job_store, "container", archive, sent)]


def test_restore_that_is_refused_makes_nothing(lab: Lab) -> None:
    archive = add_backup(lab, lab.vmid, "local")
    lab.builder.with_task_error("restore", "unable to restore", times=1)
    before = dict(lab.builder.cluster.guests)
    tool = lab.build_tools().restore_backup

    refusals = [
        refusal_of(tool, NODE, archive, lab.vmid),
        refusal_of(tool, OTHER_NODE, archive, lab.spare_vmid),
    ]
    tool(NODE, archive, lab.spare_vmid)

    reason = "500 Internal Server Error: "
    vmid, spare = lab.vmid, lab.spare_vmid
    taken = f"unable to restore VM {vmid} - VM {vmid} already exists on node '{NODE}'"
    assert refusals == [
        f"RuntimeError: Failed to restore backup to {vmid}: {reason}{taken}",
        f"RuntimeError: Failed to restore backup to {spare}: {reason}"
        f"volume '{archive}' does not exist",
    ]
    assert lab.tasks == [("qmrestore", NODE, spare, "unable to restore")]
    assert lab.builder.cluster.guests == before


def test_delete_removes_the_one_backup(lab: Lab, job_store: FakeJobStore) -> None:
    archive, _, _ = (add_backup(lab, lab.vmid, "local", day=day) for day in range(3))
    add_backup(lab, lab.vmid, "local", node=OTHER_NODE)
    add_backup(lab, lab.vmid)
    before = list_files(lab.builder)
    lab.builder.with_task_duration(60)

    text, submission = lab.build_tools(job_store=job_store).delete_backup(NODE, "local", archive)
    [job] = job_store.jobs
    job.cancel()
    job.retry()
    lab.builder.clock.advance(60)

    path = f"/nodes/{NODE}/storage/local/content"
    assert lab.reads == [path, path]
    assert lab.changes[::2] == [("DELETE", f"{path}/{archive}", {})] * 2
    assert [status for *_, status in lab.tasks] == ["received interrupt", "OK"]
    assert before - list_files(lab.builder) == {(NODE, archive)}
    upid, place = lab.upids[0], {"storage": "local", "volid": archive}
    assert job == Job(
        "delete_backup", f"Delete backup {archive} from local@{NODE}", NODE, upid, place,
        {"kind": "backup.delete", "params": {"node": NODE, **place}},
        job.retry_factory, job.cancel_factory,
    )  # fmt: skip
    told = f"  - Volume: {archive}\n  - Storage: local\n  - Node: {NODE}"
    assert text.text == f"Backup Deleted\n\n{told}\n\nTask ID: {upid}\nJob ID: job-1"
    assert json.loads(submission.text)["job_id"] == "job-1"


def test_delete_refuses_what_is_no_backup_or_protected(lab: Lab) -> None:
    kept = add_backup(lab, lab.vmid, protected=True)
    archive = add_backup(lab, lab.vmid, day=1)
    lab.builder.with_content("vault:iso/debian.iso")
    missing = "Volume not found or ambiguous within the permitted content types"
    table = [
        ("vault", kept, "Volume is protected and cannot be deleted"),
        ("vault", "vault:iso/debian.iso", missing),
        ("local", archive, "Volume must belong to the selected storage"),
        ("vault", "vault:backup/../x", "Invalid volume path"),
        ("vault", "vault:backup/a%2fb", "Invalid volume path"),
        ("vault", "vault:backup/a\x7f", "Invalid volume path"),
        ("vault", "vault:backup/a\n", "Invalid volume path"),
        ("vault", archive.partition("/")[2], "A valid volume ID is required"),
    ]
    tool = lab.build_tools().delete_backup

    refusals = [refusal_of(tool, NODE, storage, volid) for storage, volid, _ in table]
    lab.builder.with_operation_error("delete-volume", "got timeout", times=1)
    refusals.append(refusal_of(tool, NODE, "vault", archive))
    [text, _] = tool(NODE, "vault", archive)

    reason = "500 Internal Server Error: got timeout"
    failed = f"RuntimeError: Failed to delete backup '{archive}': {reason}"
    assert refusals == [*(f"ValueError: {text}" for *_, text in table), failed]
    path = f"/nodes/{NODE}/storage/vault/content/{archive}"
    assert lab.changes == [("DELETE", path, {})] * 2
    assert text.text.endswith(f"\nTask ID: {lab.upids[0]}\nJob ID: n/a")
