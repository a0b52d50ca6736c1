"""Deleting containers: stopped, running, and running with force, where the stop comes first."""

import json
from typing import Any

import pytest

from tests.suite.cluster_time import ClusterTime
from tests.suite.job_store import FakeJobStore, Job
from tests.suite.lab import NAME, NODE, OTHER_NODE, Lab

pytestmark = pytest.mark.unit


def delete(lab: Lab, selector: str | None = None, **options: object) -> dict[str, Any]:
    """Delete the container under test, or what is selected, and return the first result."""
    tool = lab.build_tools().delete_container
    [content] = tool(selector or lab.vmid, format_style="json", **options)
    return dict(json.loads(content.text)[0])


def test_delete_is_one_request_without_parameters(lab: Lab) -> None:
    text, results = lab.build_tools().delete_container(f"{NODE}/{NAME}", force=True)

    assert lab.changes == [("DELETE", lab.path, {})]
    assert lab.tasks == [("vzdestroy", NODE, lab.vmid, "OK")]
    assert lab.is_gone
    assert json.loads(results.text) == [{
        "ok": True, "node": NODE, "vmid": int(lab.vmid), "name": NAME, "message": "Deleted",
        "task_id": lab.upids[0], "job_id": None,
    }]  # fmt: skip
    says = f"OK {NAME} (ID: {lab.vmid}, node: {NODE}) - Deleted"
    assert text.text == f"Delete Containers\n\n{says}"


def test_delete_that_is_refused_removes_nothing_and_goes_on(running_lab: Lab) -> None:
    lab = running_lab
    lab.builder.with_container(lab.spare_vmid, OTHER_NODE, name="second")
    answers = [delete(lab, f"{NAME},second")]
    lab.builder.with_container_config(NODE, lab.vmid, {"lock": "backup"})
    lab.set_status("stopped")
    answers.append(delete(lab, purge=True))
    lab.refuse("GET", "/status/current", "got timeout")
    answers.append(delete(lab))

    assert [answer["ok"] for answer in answers] == [False] * 3
    assert [answer["error"] for answer in answers] == [
        "Container is running. Use force=True to stop and delete.",
        "500 Internal Server Error: CT is locked (backup)",
        "500 Internal Server Error: got timeout",
    ]
    assert lab.changes == [
        ("DELETE", f"/nodes/{OTHER_NODE}/lxc/{lab.spare_vmid}", {}),
        ("DELETE", lab.path, {"purge": 1}),
    ]
    assert lab.guest.status == "stopped"


def test_forced_delete_waits_for_the_stop(running_lab: Lab, cluster_time: ClusterTime) -> None:
    running_lab.builder.with_task_duration(3)

    answer = delete(running_lab, force=True)

    assert answer["message"] == "Stopped and deleted"
    assert sum(cluster_time.slept_s) == pytest.approx(3, abs=0.2)
    assert running_lab.changes == [
        ("POST", f"{running_lab.path}/status/stop", {}),
        ("DELETE", running_lab.path, {}),
    ]
    assert running_lab.tasks == [
        ("vzstop", NODE, running_lab.vmid, "OK"),
        ("vzdestroy", NODE, running_lab.vmid, None),
    ]


def test_forced_delete_after_a_failed_stop_removes_nothing(
    running_lab: Lab, cluster_time: ClusterTime
) -> None:
    lab = running_lab
    lab.refuse("POST", "/status/stop", "no quorum", times=1)
    lab.builder.cluster.tasks.fail("vzstop", "can't lock file", 1)

    answers = [delete(lab, force=True) for _ in range(2)]
    lab.builder.with_task_duration(600)
    answers.append(delete(lab, force=True))

    assert [(answer["ok"], answer["error"]) for answer in answers] == [
        (False, "500 Internal Server Error: no quorum"),
        (False, "Prerequisite task failed: can't lock file"),
        (
            False,
            "Prerequisite task is still running; no dependent operation was submitted",
        ),
    ]
    assert sum(cluster_time.slept_s) == pytest.approx(30, abs=0.5)
    assert lab.changes == [("POST", f"{lab.path}/status/stop", {})] * 3


def test_forced_delete_waits_for_a_guest_that_outlives_its_stop(
    running_lab: Lab, cluster_time: ClusterTime
) -> None:
    mock: Any = running_lab.builder.build()
    status = mock.nodes(NODE).lxc(running_lab.vmid).status.current.get
    status.side_effect = [{"status": "running"}] * 3 + [{"status": "stopped"}]

    running_lab.build_mocked_tools().delete_container(running_lab.vmid, force=True)

    assert cluster_time.slept_s == [0.5, 0.5]
    assert [method for method, *_ in running_lab.changes] == ["POST", "DELETE"]


def test_forced_delete_registers_both_jobs(running_lab: Lab, job_store: FakeJobStore) -> None:
    lab = running_lab
    tools = lab.build_tools(job_store=job_store)
    [content] = tools.delete_container(lab.vmid, force=True, purge=True, format_style="json")
    stop, first = job_store.jobs
    lab.builder.with_container(lab.vmid, NODE, name=NAME).with_task_duration(60)
    tools.delete_container(lab.vmid)
    second = job_store.jobs[2]
    second.cancel()
    second.retry()

    vmid = int(lab.vmid)
    assert json.loads(content.text)[0]["job_id"] == "job-2"
    assert stop == Job(
        "stop_container", f"Stop container {vmid} before deletion", NODE, lab.upids[0],
        None, None, None, None,
    )  # fmt: skip
    assert first == Job(
        "delete_container", f"Delete container {vmid} on {NODE}", NODE, lab.upids[1],
        {"vmid": vmid, "force": True, "purge": True},
        {"kind": "ct.delete", "params": {"node": NODE, "vmid": vmid, "purge": True}},
        first.retry_factory, first.cancel_factory,
    )  # fmt: skip
    assert [status for *_, status in lab.tasks] == ["OK", "OK", "received interrupt", None]
    removals = [params for _, path, params in lab.changes if path == lab.path]
    assert removals == [{"purge": 1}, {}, {}]
