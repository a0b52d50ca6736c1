"""Listing, taking, removing and going back to snapshots, of VMs and of containers."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tests.fixtures.mock_helpers import impossible
from tests.suite.job_store import FakeJobStore, Job
from tests.suite.lab import NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

TASKS = {"qemu": "qm", "lxc": "vz"}


def call(lab: Lab, tool: str, *args: object, tools: Any = None, **options: object) -> Any:
    """Call a tool about the guest under test; `args` come after node and id."""
    if lab.kind != "qemu":  # which is the default
        options["vm_type"] = lab.kind
    return getattr(tools or lab.build_tools(), tool)(lab.node, lab.vmid, *args, **options)


def submission_of(lab: Lab, job: str | None = None) -> dict[str, Any]:
    return {"success": True, "status": "submitted", "task_id": lab.upids[-1], "job_id": job}


def test_list_shows_the_snapshots_with_what_is_known_of_them(lab: Lab) -> None:
    mock: Any = lab.builder.build()
    listing = getattr(mock.nodes(NODE), lab.kind)(lab.vmid).snapshot.get
    listing.side_effect = [impossible([]), impossible({"data": [{"name": "lone"}]})]
    bare = lab.build_mocked_tools()
    odd = [call(lab, "list_snapshots", tools=bare)[0].text for _ in range(2)]
    listing.side_effect = None
    none = call(lab, "list_snapshots")
    lab.builder.with_snapshot("before", lab.vmid, NODE, "prior to the upgrade")
    first = lab.builder.clock.now
    lab.builder.clock.advance(90)
    lab.builder.with_snapshot("after", lab.vmid, NODE)
    [content] = call(lab, "list_snapshots")

    created = [datetime.fromtimestamp(at) for at in (first, first + 90)]
    assert content.text == (
        f"Snapshots for {lab.kind.upper()} {lab.vmid} on {NODE}\n\n"
        "before\n     Description: prior to the upgrade\n"
        f"     Created: {created[0]:%Y-%m-%d %H:%M:%S}\n\n"
        f"after\n     Created: {created[1]:%Y-%m-%d %H:%M:%S}\n     Parent: before"
    )
    assert none[0].text == f"Snapshots for {lab.kind.upper()} {lab.vmid} on {NODE}"
    guest = f"{lab.kind.upper()} {lab.vmid} on"
    assert odd == [
        f"No snapshots found for {guest} node {NODE}",
        f"Snapshots for {guest} {NODE}\n\nlone",
    ]
    assert lab.reads == [f"{lab.path}/snapshot"] * 4
    assert lab.changes == []


def test_snapshot_is_taken_in_one_request(lab: Lab) -> None:
    text, submission = call(lab, "create_snapshot", "before", description="prior to the upgrade")

    sent = {"snapname": "before", "description": "prior to the upgrade"}
    assert lab.changes == [("POST", f"{lab.path}/snapshot", sent)]
    assert lab.tasks == [(f"{TASKS[lab.kind]}snapshot", NODE, lab.vmid, "OK")]
    [snapshot] = lab.guest.snapshots.values()
    assert (snapshot.name, snapshot.description) == ("before", "prior to the upgrade")
    assert snapshot.vmstate is None
    where = f"node='{NODE}' vmid='{lab.vmid}'"
    assert text.text == (
        "Snapshot Created Successfully\n\n"
        f"  - Name: before\n  - {lab.kind.upper()} ID: {lab.vmid}\n  - Node: {NODE}\n"
        "  - Description: prior to the upgrade\n\n"
        f"Task ID: {lab.upids[0]}\nJob ID: n/a\n\nNext steps:\n"
        f"  - List snapshots: list_snapshots {where} vm_type='{lab.kind}'\n"
        f"  - Rollback: rollback_snapshot {where} snapname='before' vm_type='{lab.kind}'"
    )
    assert json.loads(submission.text) == submission_of(lab)


def test_snapshot_holds_the_memory_of_a_vm_only(running_lab: Lab) -> None:
    text, _ = call(running_lab, "create_snapshot", "live", vmstate=True)

    is_vm = running_lab.kind == "qemu"
    assert running_lab.changes[0][2] == {"snapname": "live", **({"vmstate": 1} if is_vm else {})}
    assert (running_lab.guest.snapshots["live"].vmstate is not None) == is_vm
    assert ("  - RAM State: Included\n" in text.text) == is_vm
    [content] = call(running_lab, "list_snapshots")
    assert content.text.endswith("\n     RAM State: Included") == is_vm


def test_snapshot_is_removed_in_one_request(lab: Lab) -> None:
    for name in ("before", "between", "after"):
        lab.builder.with_snapshot(name, lab.vmid, NODE)

    text, submission = call(lab, "delete_snapshot", "between")

    assert lab.changes == [("DELETE", f"{lab.path}/snapshot/between", {})]
    assert lab.tasks == [(f"{TASKS[lab.kind]}delsnapshot", NODE, lab.vmid, "OK")]
    assert list(lab.guest.snapshots) == ["before", "after"]
    assert text.text == (
        f"Snapshot Deleted\n\n  - Name: between\n  - {lab.kind.upper()} ID: {lab.vmid}\n"
        f"  - Node: {NODE}\n\nTask ID: {lab.upids[0]}\nJob ID: n/a"
    )
    assert json.loads(submission.text) == submission_of(lab)


def test_rollback_puts_the_guest_back_unless_a_newer_snapshot_stands_on_it(lab: Lab) -> None:
    lab.builder.with_snapshot("before", lab.vmid, NODE)
    memory = lab.guest.config["memory"]
    lab.guest.config["memory"] = 4096
    lab.builder.with_snapshot("after", lab.vmid, NODE).with_snapshot("latest", lab.vmid, NODE)

    refusal = refusal_of(call, lab, "rollback_snapshot", "before")
    refused = list(lab.changes)
    for name in ("latest", "after"):
        call(lab, "delete_snapshot", name)
    lab.set_status("running")
    text, submission = call(lab, "rollback_snapshot", "before")

    assert refusal == (
        "ValueError: Refusing to rollback because snapshot 'before' has newer child snapshots: "
        "after. Delete those snapshots explicitly first, then retry rollback."
    )
    assert refused == []
    assert lab.changes[2:] == [("POST", f"{lab.path}/snapshot/before/rollback", {})]
    assert lab.tasks[-1] == (f"{TASKS[lab.kind]}rollback", NODE, lab.vmid, "OK")
    assert (lab.guest.config["memory"], lab.guest.status) == (memory, "stopped")
    assert text.text == (
        "Snapshot Rollback Initiated\n\n"
        f"  - Restoring to: before\n  - {lab.kind.upper()} ID: {lab.vmid}\n  - Node: {NODE}\n\n"
        "  WARNING: VM/container will be stopped during rollback!\n\n"
        f"Task ID: {lab.upids[-1]}\nJob ID: n/a\n\n"
        "The VM/container will be restored to its state at the time of the snapshot."
    )
    assert json.loads(submission.text) == submission_of(lab)


def test_snapshot_that_fails_says_why(lab: Lab) -> None:
    tools = {
        "list snapshots for": ("list_snapshots", ()),
        "create snapshot 'tip' for": ("create_snapshot", ("tip",)),
        "delete snapshot 'tip' for": ("delete_snapshot", ("tip",)),
        "rollback to snapshot 'tip' for": ("rollback_snapshot", ("tip",)),
    }
    mock: Any = lab.builder.build()
    inventory = getattr(mock.nodes(NODE), lab.kind)(lab.vmid).snapshot.get

    absent = [call(lab, name, *args) for name, args in list(tools.values())[2:]]
    for operation in ("snapshots", "snapshot", "delete-snapshot", "rollback"):
        lab.builder.with_permission_denied(operation, vmid=lab.vmid, times=1)
    denied = [refusal_of(call, lab, name, *args) for name, args in tools.values()]
    inventory.return_value = impossible(["odd"])
    rollback = lab.build_mocked_tools().rollback_snapshot
    unknown = refusal_of(rollback, NODE, lab.vmid, "tip", lab.kind)
    bad = [
        refusal_of(rollback, *args)
        for args in [
            ("../x", lab.vmid, "tip", lab.kind),
            (NODE, "1/2", "tip", lab.kind),
            (NODE, "0", "tip", lab.kind),
            (NODE, lab.vmid, "a/b", lab.kind),
            (NODE, lab.vmid, "tip", "openvz"),
        ]
    ]

    kind = TASKS[lab.kind]
    lost = "snapshot 'tip' does not exist"
    assert len(absent) == 2
    assert lab.tasks == [
        (f"{kind}{task}", NODE, lab.vmid, lost) for task in ("delsnapshot", "rollback")
    ]
    for (what, _), text in zip(tools.items(), denied, strict=True):
        assert text.startswith(f"RuntimeError: Failed to {what} {lab.kind} {lab.vmid}: 403 ")
    failed = f"RuntimeError: Failed to rollback to snapshot 'tip' for {lab.kind} {lab.vmid}: "
    assert unknown == f"{failed}Snapshot inventory is unavailable or incomplete"
    assert bad == [
        "ValueError: Invalid resource path segment",
        *["ValueError: Guest ID must be a positive ASCII integer"] * 2,
        "ValueError: Invalid resource path segment",
        "ValueError: Unsupported guest type",
    ]
    assert lab.guest.snapshots == {}


@dataclass(frozen=True, slots=True)
class Change:
    """One tool that changes snapshots, and how its job is described."""

    tool: str
    summary: str
    spec: str


CHANGES = [
    Change("create_snapshot", "Create snapshot tip for", "snapshot.create"),
    Change("rollback_snapshot", "Rollback to snapshot tip for", "snapshot.rollback"),
    Change("delete_snapshot", "Delete snapshot tip for", "snapshot.delete"),
]


def test_changes_of_snapshots_register_jobs_that_cancel_and_retry(
    lab: Lab, job_store: FakeJobStore
) -> None:
    tools = lab.build_tools(job_store=job_store)
    answers = []
    for change in CHANGES:
        lab.builder.with_task_duration(60)
        answers.append(call(lab, change.tool, "tip", tools=tools))
        job_store.jobs[-1].cancel()
        lab.builder.with_task_duration(0)
        job_store.jobs[-1].retry()

    metadata = {"vmid": lab.vmid, "snapname": "tip", "vm_type": lab.kind}
    target = {"node": NODE, "vmid": lab.vmid, "vm_type": lab.kind}
    for number, (change, job) in enumerate(zip(CHANGES, job_store.jobs, strict=True)):
        is_new = change.tool == "create_snapshot"
        named = {"request": {"snapname": "tip"}} if is_new else {"snapname": "tip"}
        spec = {"kind": change.spec, "params": {**target, **named}}
        summary = f"{change.summary} {lab.kind} {lab.vmid} on {NODE}"
        upid = lab.upids[2 * number]
        assert job == Job(
            change.tool, summary, NODE, upid, metadata, spec,
            job.retry_factory, job.cancel_factory,
        )  # fmt: skip
        assert f"\nJob ID: job-{number + 1}" in answers[number][0].text
        request, _, again = lab.changes[3 * number : 3 * number + 3]
        assert again == request
    ends = [status for *_, status in lab.tasks]
    assert ends == ["received interrupt", "OK"] * len(CHANGES)
    assert lab.guest.snapshots == {}
