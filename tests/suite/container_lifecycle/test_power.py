"""Starting, stopping, shutting down and restarting containers, by every kind of selector."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.fixtures.proxmox.guests import Guest
from tests.fixtures.vm_data_factory import ProxmoxAPIResponseFactory
from tests.suite.job_store import FakeJobStore, Job
from tests.suite.lab import NAME, NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit


@dataclass(frozen=True, slots=True)
class Power:
    """One operation: how it is called, what it needs, sends, does and says."""

    tool: str
    verb: str
    before: str
    after: str
    says_when_idle: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    sent: Mapping[str, object] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)

    @property
    def action(self) -> str:
        return self.tool.removesuffix("_container")

    @property
    def task(self) -> str:
        return f"vz{self.verb}"


POWERS = [
    Power("start_container", "start", "stopped", "running", "CT {} already running"),
    Power(
        "stop_container", "shutdown", "running", "stopped", "CT {} not running",
        {"timeout_seconds": 45}, {"timeout": 45}, {"graceful": True, "timeout_seconds": 45},
    ),
    Power(
        "stop_container", "stop", "running", "stopped", "CT {} not running",
        {"graceful": False}, {}, {"graceful": False, "timeout_seconds": 10},
    ),
    Power("restart_container", "reboot", "running", "running", "VM {} not running"),
]  # fmt: skip


@pytest.fixture(params=POWERS, ids=lambda power: power.verb)
def power(request: pytest.FixtureRequest, lab: Lab) -> Power:
    """Each operation in turn, with the container in the status that it needs."""
    operation: Power = request.param
    lab.set_status(operation.before)
    return operation


def act(lab: Lab, power: Power, *, style: str = "pretty", **options: object) -> Any:
    tool = getattr(lab.build_tools(**options), power.tool)
    return tool(lab.vmid, format_style=style, **power.arguments)


def is_vm(guest: Guest) -> bool:
    return guest.kind == "qemu"


def read_results(contents: Any) -> list[dict[str, Any]]:
    return list(json.loads(contents[-1].text))


def test_power_sends_one_request(lab: Lab, power: Power) -> None:
    pid = lab.guest.pid

    text, _ = contents = act(lab, power)

    assert lab.reads == ["/cluster/resources"]
    assert lab.changes == [("POST", f"{lab.path}/status/{power.verb}", power.sent)]
    assert lab.tasks == [(power.task, NODE, lab.vmid, "OK")]
    assert (lab.guest.status, lab.guest.pid == pid) == (power.after, power.after == "stopped")
    [upid] = lab.upids
    title = f"{power.action.capitalize()} Containers"
    says = f"OK {NAME} (ID: {lab.vmid}, node: {NODE}) - {upid}"
    assert text.text == f"{title}\n\n{says}"
    target = {"node": NODE, "vmid": int(lab.vmid), "name": NAME}
    reports = {"message": upid, "task_id": upid, "job_id": None}
    assert read_results(contents) == [{"ok": True, **target, **reports}]


def test_power_that_fails_says_why_and_is_not_tried_again(lab: Lab) -> None:
    denied = ProxmoxAPIResponseFactory().create_error_response(
        "Permission check failed", status=403
    )
    outcomes = []
    for power in POWERS:
        lab.refuse("POST", f"/status/{power.verb}", denied, times=1)
        lab.builder.cluster.tasks.fail(power.task, "got timeout", 1)
        lab.set_status(power.before)
        answers = [act(lab, power) for _ in range(2)]
        lab.set_status("running" if power.verb == "start" else "stopped")
        outcomes.append([*answers, act(lab, power)])

    reason = "403 Forbidden: Permission check failed"
    for power, answers in zip(POWERS, outcomes, strict=True):
        results = [read_results(contents)[0] for contents in answers]
        idle = f"500 Internal Server Error: {power.says_when_idle.format(lab.vmid)}"
        assert [result.get("error") for result in results] == [reason, None, idle]
        assert [result["ok"] for result in results] == [False, True, False]
        failed = f"FAIL {NAME} (ID: {lab.vmid}, node: {NODE}) - {reason}"
        assert answers[0][0].text.endswith(f"\n\n{failed}")
    assert lab.tasks == [(power.task, NODE, lab.vmid, "got timeout") for power in POWERS]
    assert len(lab.changes) == 3 * len(POWERS)


def test_power_registers_jobs_that_cancel_and_retry(lab: Lab, job_store: FakeJobStore) -> None:
    lab.builder.with_task_duration(60)
    for number, power in enumerate(POWERS):
        lab.set_status(power.before)
        [content] = act(lab, power, style="json", job_store=job_store)
        assert json.loads(content.text)[0]["job_id"] == f"job-{number + 1}"
        job_store.jobs[-1].cancel()
        job_store.jobs[-1].retry()

    target = {"node": NODE, "vmid": int(lab.vmid)}
    for number, (power, job) in enumerate(zip(POWERS, job_store.jobs, strict=True)):
        graceful = {key: power.metadata[key] for key in power.metadata if key == "graceful"}
        spec = {"kind": f"ct.{power.action}", "params": {**target, **power.metadata}}
        assert job == Job(
            power.tool, f"{power.action.capitalize()} container {lab.vmid} on {NODE}", NODE,
            lab.upids[2 * number], {"vmid": int(lab.vmid), **graceful}, spec,
            job.retry_factory, job.cancel_factory,
        )  # fmt: skip
        request, _, again = lab.changes[3 * number : 3 * number + 3]
        assert again == request
    assert [status for *_, status in lab.tasks] == ["received interrupt", None] * len(POWERS)


def test_selector_finds_the_container_and_no_other(lab: Lab) -> None:
    lab.builder.with_container(lab.spare_vmid, OTHER_NODE, name=NAME)
    here, there = (NODE, lab.vmid), (OTHER_NODE, lab.spare_vmid)
    selectors = {
        lab.vmid: [here],
        f"{NODE}:{lab.vmid}": [here],
        f"{NODE}/{NAME}": [here],
        f"{OTHER_NODE}/ {NAME}": [there],
        NAME: [here, there],
        f"{lab.spare_vmid}, {lab.vmid},": [there, here],
        f"{lab.vmid},{NODE}/{NAME},{NODE}:{lab.vmid}": [here],
        f"{OTHER_NODE}:{lab.vmid},{NODE}:web,{lab.vmid}": [here],
    }
    tools = lab.build_tools()

    reached = {}
    for selector, found in selectors.items():
        done = len(lab.changes)
        answer = tools.stop_container(selector, format_style="json")
        assert len(json.loads(answer[0].text)) == len(found)
        reached[selector] = [path for _, path, _ in lab.changes[done:]]

    assert {selector: sorted(paths) for selector, paths in reached.items()} == {
        selector: sorted(f"/nodes/{node}/lxc/{vmid}/status/shutdown" for node, vmid in found)
        for selector, found in selectors.items()
    }


def test_selector_that_cannot_be_resolved_is_refused(lab: Lab) -> None:
    neighbours = [guest.vmid for guest in lab.builder.cluster.guests.values() if is_vm(guest)]
    selectors = [str(neighbours[-1]), "nobody", f"{OTHER_NODE}/{NAME}", f"{OTHER_NODE}:{lab.vmid}"]
    tools = lab.build_tools()
    acts = {
        "start container(s)": tools.start_container,
        "stop container(s)": tools.stop_container,
        "restart container(s)": tools.restart_container,
        "delete container(s)": tools.delete_container,
        "update container(s)": tools.update_container_resources,
    }

    refusals = [refusal_of(act, selector) for selector in ["", *selectors] for act in acts.values()]
    lab.builder.with_operation_error("resources", "got timeout")
    lab.builder.with_path_error("GET", f"/nodes/{OTHER_NODE}/lxc", "got timeout", times=len(acts))
    silent = [refusal_of(act, lab.vmid) for act in acts.values()]

    assert refusals == [f"ValueError: {selector}" for selector in ["", *selectors] for _ in acts]
    reason = "Cannot resolve a mutation selector from an incomplete inventory"
    assert silent == [f"RuntimeError: Failed to Failed to {what}: {reason}" for what in acts]
    assert lab.changes == []
