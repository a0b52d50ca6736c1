"""Cloning a VM: full and linked, to the same and to another node, and what is refused."""

import json
from typing import Any

import pytest

from tests.fixtures.proxmox.guests import Guest
from tests.suite.job_store import FakeJobStore, Job
from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit


REPORT = """\
VM clone initiated successfully

Clone Configuration:
  - Source VM: {vmid} (golden)
  - Source Node: {node}
  - Target VM ID: {spare}
  - Target Node: {node}
  - Clone Type: full

Task ID: {upid}
Job ID: n/a"""


def clone(lab: Lab, **changes: object) -> Any:
    return lab.build_tools().clone_vm(lab.node, lab.vmid, lab.spare_vmid, **changes)


def find_copy(lab: Lab) -> Guest | None:
    return lab.builder.cluster.guests.get(int(lab.spare_vmid))


def test_clone_is_full_unless_told_otherwise(lab: Lab) -> None:
    lab.builder.with_vm(lab.vmid, NODE, name="golden", memory=4096, cores=3)
    before = dict(lab.guest.config)

    text, submission = clone(lab)

    sent = {"newid": int(lab.spare_vmid), "full": 1}
    assert lab.changes == [("POST", f"{lab.path}/clone", sent)]
    assert lab.tasks == [("qmclone", NODE, lab.vmid, "OK")]
    copy = find_copy(lab)
    assert copy is not None
    assert (copy.node, copy.status, copy.maxmem, copy.cpus) == (NODE, "stopped", 4096 << 20, 3)
    assert lab.guest.config == before
    ids = {"vmid": lab.vmid, "spare": lab.spare_vmid, "node": NODE, "upid": lab.upids[0]}
    assert text.text == REPORT.format(**ids)
    assert json.loads(submission.text)["task_id"] == lab.upids[0]


def test_clone_of_a_template_can_be_linked(lab: Lab) -> None:
    lab.builder.with_vm(lab.vmid, NODE, template=1)

    text, _ = clone(lab, full=False)

    assert "\n  - Clone Type: linked\n" in text.text
    assert lab.changes[0][2] == {"newid": int(lab.spare_vmid), "full": 0}


def test_clone_takes_every_option(lab: Lab) -> None:
    lab.builder.with_storage("vault", kind="nfs", shared=True).with_pool("production")
    lab.builder.with_vm(lab.vmid, NODE, scsi0="vault:32")
    options = {"name": "web-2", "storage": "vault", "pool": "production"}

    text, _ = clone(lab, target_node=OTHER_NODE, **options)

    sent = {"newid": int(lab.spare_vmid), "full": 1, "target": OTHER_NODE, **options}
    assert lab.changes == [("POST", f"{lab.path}/clone", sent)]
    copy = find_copy(lab)
    assert copy is not None
    assert (copy.node, copy.name, copy.pool) == (OTHER_NODE, "web-2", "production")
    assert f"  - Target Node: {OTHER_NODE}\n" in text.text
    listed = "  - Target Name: web-2\n  - Storage: vault\n  - Pool: production\n\nTask ID"
    assert listed in text.text


def test_clone_of_a_missing_vm_is_refused(empty_lab: Lab) -> None:
    with pytest.raises(ValueError, match=f"^Source VM {empty_lab.vmid} not found on node {NODE}$"):
        clone(empty_lab)

    assert empty_lab.changes == []


def test_clone_to_a_taken_id_is_refused(lab: Lab) -> None:
    nodes = [NODE, OTHER_NODE]

    refusals = []
    for node in nodes:
        lab.builder.with_vm(lab.spare_vmid, node, name="precious")
        refusals.append(refusal_of(clone, lab, target_node=None if node == NODE else node))

    taken = f"ValueError: Target VM ID {lab.spare_vmid} already exists on node"
    assert refusals == [f"{taken} {node}" for node in nodes]
    assert lab.changes == []


def test_clone_says_which_step_was_refused(lab: Lab) -> None:
    for operation in ("status", "config", "clone"):
        lab.builder.with_operation_error(operation, "no quorum", times=1)

    refusals = [refusal_of(clone, lab) for _ in range(3)]

    steps = [
        f"lookup source VM {lab.vmid}",
        f"check target VM {lab.spare_vmid}",
        f"clone VM {lab.vmid} -> {lab.spare_vmid}",
    ]
    reason = "500 Internal Server Error: no quorum"
    assert refusals == [f"RuntimeError: Failed to {step}: {reason}" for step in steps]
    assert len(lab.changes) == 1
    assert find_copy(lab) is None


def test_clone_registers_a_job_that_cancels_and_retries(lab: Lab, job_store: FakeJobStore) -> None:
    lab.builder.with_task_duration(60)
    tools = lab.build_tools(job_store=job_store)

    text, submission = tools.clone_vm(lab.node, lab.vmid, lab.spare_vmid, name="web-2")
    [job] = job_store.jobs
    job.cancel()
    job.retry()

    metadata = {
        "source_vmid": lab.vmid,
        "target_vmid": lab.spare_vmid,
        "source_node": NODE,
        "target_node": NODE,
        "full": True,
        "name": "web-2",
    }
    payload = {"newid": int(lab.spare_vmid), "full": 1, "name": "web-2"}
    spec = {"node": NODE, "source_vmid": lab.vmid, "clone_payload": payload}
    assert job == Job(
        "clone_vm", f"Clone VM {lab.vmid} to {lab.spare_vmid} on {NODE}", NODE, lab.upids[0],
        metadata, {"kind": "vm.clone", "params": spec}, job.retry_factory, job.cancel_factory,
    )  # fmt: skip
    assert text.text.endswith("\nJob ID: job-1")
    assert json.loads(submission.text)["job_id"] == "job-1"
    assert [status for *_, status in lab.tasks] == ["received interrupt", None]
    assert lab.changes[2] == lab.changes[0]
