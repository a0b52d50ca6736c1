from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder

OPERATIONS = ("start", "stop", "shutdown", "reboot", "reset", "suspend", "resume")


def make_vm(builder: ProxmoxAPIMockBuilder, **description: Any) -> Any:
    return builder.with_vm(**description).build_api().nodes("node1").qemu(100)


def exitstatus(builder: ProxmoxAPIMockBuilder, upid: str) -> object:
    return builder.build_api().nodes("node1").tasks(upid).status.get()["exitstatus"]


@pytest.mark.parametrize(
    ("before", "operation", "params", "outcome"),
    [
        pytest.param("stopped", "start", {}, ("running", "qmstart"), id="start"),
        pytest.param("running", "stop", {}, ("stopped", "qmstop"), id="stop"),
        pytest.param("stopped", "stop", {}, ("stopped", "qmstop"), id="stop a stopped one"),
        pytest.param(
            "running", "shutdown", {"forceStop": 1}, ("stopped", "qmshutdown"), id="shutdown"
        ),
        pytest.param("running", "reboot", {"timeout": 5}, ("running", "qmreboot"), id="reboot"),
        pytest.param("running", "reset", {}, ("running", "qmreset"), id="reset"),
        pytest.param("running", "suspend", {}, ("paused", "qmpause"), id="pause"),
        pytest.param("running", "suspend", {"todisk": 1}, ("stopped", "qmsuspend"), id="to disk"),
        pytest.param("paused", "resume", {}, ("running", "qmresume"), id="resume"),
        pytest.param("paused", "stop", {}, ("stopped", "qmstop"), id="stop a paused one"),
    ],
)
def test_operation_changes_the_status(
    mock_builder: ProxmoxAPIMockBuilder,
    before: str,
    operation: str,
    params: dict[str, object],
    outcome: tuple[str, str],
) -> None:
    after, kind = outcome
    vm = make_vm(mock_builder, status=before)

    upid = vm.status(operation).post(**params)

    assert vm.status.current.get()["qmpstatus"] == after
    assert f":{kind}:100:root@pam:" in upid
    assert exitstatus(mock_builder, upid) == "OK"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_missing_vm_is_refused(mock_builder: ProxmoxAPIMockBuilder, operation: str) -> None:
    vm = mock_builder.build_api().nodes("node1").qemu(999)

    with pytest.raises(ResourceException, match=r"qemu-server/999\.conf' does not exist"):
        vm.status(operation).post()


@pytest.mark.parametrize("operation", ["shutdown", "reboot", "reset", "suspend", "resume"])
def test_stopped_vm_is_refused(mock_builder: ProxmoxAPIMockBuilder, operation: str) -> None:
    vm = make_vm(mock_builder)

    with pytest.raises(ResourceException, match=r"500 .*: VM 100 not running"):
        vm.status(operation).post()


def test_start_of_a_running_vm_fails_in_its_task(mock_builder: ProxmoxAPIMockBuilder) -> None:
    vm = make_vm(mock_builder, status="running")

    upid = vm.status.start.post()

    assert exitstatus(mock_builder, upid) == "VM 100 already running"


@pytest.mark.parametrize("operation", ["stop", "shutdown", "reboot", "reset", "suspend", "resume"])
def test_locked_vm_is_refused(mock_builder: ProxmoxAPIMockBuilder, operation: str) -> None:
    vm = make_vm(mock_builder, status="running", lock="backup")

    with pytest.raises(ResourceException, match=r"VM is locked \(backup\)"):
        vm.status(operation).post()


def test_start_of_a_locked_vm_fails_in_its_task(mock_builder: ProxmoxAPIMockBuilder) -> None:
    vm = make_vm(mock_builder, lock="backup")

    upid = vm.status.start.post()

    assert exitstatus(mock_builder, upid) == "VM is locked (backup)"
    assert vm.status.current.get()["status"] == "stopped"


@pytest.mark.parametrize(("before", "operation"), [("stopped", "start"), ("running", "stop")])
def test_skiplock_passes_the_lock(
    mock_builder: ProxmoxAPIMockBuilder, before: str, operation: str
) -> None:
    vm = make_vm(mock_builder, status=before, lock="backup")

    upid = vm.status(operation).post(skiplock=1)

    assert exitstatus(mock_builder, upid) == "OK"


def test_start_of_a_template_fails_in_its_task(mock_builder: ProxmoxAPIMockBuilder) -> None:
    vm = make_vm(mock_builder, template=1)

    upid = vm.status.start.post()

    assert exitstatus(mock_builder, upid) == "you can't start a vm if it's a template"


@pytest.mark.parametrize("operation", ["start", "resume"])
def test_vm_saved_to_disk_comes_back(mock_builder: ProxmoxAPIMockBuilder, operation: str) -> None:
    vm = make_vm(mock_builder, status="running")
    vm.status.suspend.post(todisk=1)

    vm.status(operation).post()

    current = vm.status.current.get()
    assert (current["status"], current.get("lock")) == ("running", None)


def test_offline_node_is_refused_with_595(mock_builder: ProxmoxAPIMockBuilder) -> None:
    vm = make_vm(mock_builder)
    mock_builder.with_node("node1", online=False)

    with pytest.raises(ResourceException) as raised:
        vm.status.start.post()

    assert raised.value.status_code == 595


def test_task_with_duration_is_seen_running(mock_builder: ProxmoxAPIMockBuilder) -> None:
    vm = make_vm(mock_builder)
    mock_builder.with_task_duration(30)
    task = mock_builder.build_api().nodes("node1").tasks(vm.status.start.post())

    before = (task.status.get(), vm.status.current.get()["status"])
    mock_builder.clock.advance(30)

    assert (before[0]["status"], "exitstatus" in before[0], before[1]) == (
        "running",
        False,
        "stopped",
    )
    assert task.status.get()["exitstatus"] == "OK"
    assert vm.status.current.get()["status"] == "running"


def test_two_starts_at_once_make_one_fail(mock_builder: ProxmoxAPIMockBuilder) -> None:
    vm = make_vm(mock_builder)
    mock_builder.with_task_duration(5)
    upids = [vm.status.start.post() for _ in range(2)]

    mock_builder.clock.advance(5)

    outcomes = [exitstatus(mock_builder, upid) for upid in upids]
    assert outcomes == ["OK", "VM 100 already running"]


def test_stopped_task_leaves_the_vm_alone(mock_builder: ProxmoxAPIMockBuilder) -> None:
    vm = make_vm(mock_builder)
    mock_builder.with_task_duration(5)
    upid = vm.status.start.post()

    answer = mock_builder.build_api().nodes("node1").tasks(upid).delete()
    mock_builder.clock.advance(5)

    assert answer is None
    assert vm.status.current.get()["status"] == "stopped"


def test_reboot_takes_up_changed_sizing(mock_builder: ProxmoxAPIMockBuilder) -> None:
    vm = make_vm(mock_builder, status="running", cores=2)
    vm.config.put(cores=4)

    before = vm.status.current.get()["cpus"]
    vm.status.reboot.post()

    assert (before, vm.status.current.get()["cpus"]) == (2, 4)
