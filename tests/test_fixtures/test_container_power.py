from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder


def make_container(builder: ProxmoxAPIMockBuilder, **description: Any) -> Any:
    return builder.with_container(**description).build_api().nodes("node1").lxc(200)


def exitstatus(builder: ProxmoxAPIMockBuilder, upid: str) -> object:
    return builder.build_api().nodes("node1").tasks(upid).status.get()["exitstatus"]


@pytest.mark.parametrize(
    ("before", "operation", "params", "outcome"),
    [
        pytest.param("stopped", "start", {"debug": 1}, ("running", "vzstart"), id="start"),
        pytest.param("running", "stop", {}, ("stopped", "vzstop"), id="stop"),
        pytest.param("running", "shutdown", {"timeout": 10, "forceStop": 1},
                     ("stopped", "vzshutdown"), id="shutdown"),
        pytest.param("running", "reboot", {"timeout": 5}, ("running", "vzreboot"), id="reboot"),
        pytest.param("running", "suspend", {}, ("stopped", "vzsuspend"), id="suspend"),
    ],
)  # fmt: skip
def test_operation_changes_the_status(
    mock_builder: ProxmoxAPIMockBuilder,
    before: str,
    operation: str,
    params: dict[str, object],
    outcome: tuple[str, str],
) -> None:
    after, kind = outcome
    container = make_container(mock_builder, status=before)

    upid = container.status(operation).post(**params)

    assert container.status.current.get()["status"] == after
    assert f":{kind}:200:root@pam:" in upid
    assert exitstatus(mock_builder, upid) == "OK"


def test_suspended_container_is_resumed(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder, status="running")
    container.status.suspend.post()

    upid = container.status.resume.post()

    assert (exitstatus(mock_builder, upid), upid.split(":")[5]) == ("OK", "vzresume")
    assert container.status.current.get()["status"] == "running"


@pytest.mark.parametrize("before", ["never suspended", "started since"])
def test_container_without_a_checkpoint_is_not_resumed(
    mock_builder: ProxmoxAPIMockBuilder, before: str
) -> None:
    container = make_container(mock_builder, status="running")
    if before == "started since":
        container.status.suspend.post()
        container.status.start.post()
    container.status.stop.post()

    upid = container.status.resume.post()

    assert str(exitstatus(mock_builder, upid)).endswith("failed: exit code 1")
    assert container.status.current.get()["status"] == "stopped"


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("stop", "CT 200 not running"),
        ("shutdown", "CT 200 not running"),
        ("suspend", "CT 200 not running"),
        ("reboot", "VM 200 not running"),
    ],
)
@pytest.mark.parametrize("is_there", [True, False], ids=["stopped", "missing"])
def test_container_that_does_not_run_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, operation: str, message: str, is_there: bool
) -> None:
    container = make_container(mock_builder)
    if not is_there:
        mock_builder.with_container_not_found_error()

    with pytest.raises(ResourceException) as raised:
        container.status(operation).post()

    assert (raised.value.status_code, raised.value.content) == (500, message)


@pytest.mark.parametrize("operation", ["start", "resume"])
def test_running_container_is_refused(mock_builder: ProxmoxAPIMockBuilder, operation: str) -> None:
    container = make_container(mock_builder, status="running")

    with pytest.raises(ResourceException) as raised:
        container.status(operation).post()

    assert (raised.value.status_code, raised.value.content) == (500, "CT 200 already running")


def test_container_on_another_node_does_not_run_here(mock_builder: ProxmoxAPIMockBuilder) -> None:
    make_container(mock_builder, node="node2", status="running")

    with pytest.raises(ResourceException, match="CT 200 not running"):
        mock_builder.build_api().nodes("node1").lxc(200).status.stop.post()


def test_start_of_a_missing_container_fails_in_its_task(
    mock_builder: ProxmoxAPIMockBuilder,
) -> None:
    upid = mock_builder.build_api().nodes("node1").lxc(999).status.start.post()

    expected = "Configuration file 'nodes/node1/lxc/999.conf' does not exist"
    assert exitstatus(mock_builder, upid) == expected


def test_template_is_not_started(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder, template=1)

    upid = container.status.start.post()

    assert exitstatus(mock_builder, upid) == "you can't start a CT if it's a template"


@pytest.mark.parametrize(
    ("before", "operation"),
    [("stopped", "start"), ("running", "stop"), ("running", "shutdown"), ("running", "suspend")],
)
def test_locked_container_fails_in_the_task(
    mock_builder: ProxmoxAPIMockBuilder, before: str, operation: str
) -> None:
    container = make_container(mock_builder, status=before, lock="backup")

    upid = container.status(operation).post()

    assert exitstatus(mock_builder, upid) == "CT is locked (backup)"
    assert container.status.current.get()["status"] == before


@pytest.mark.parametrize(
    ("before", "operation", "lock", "params"),
    [
        pytest.param("stopped", "start", "backup", {"skiplock": 1}, id="start"),
        pytest.param("running", "stop", "backup", {"skiplock": 1}, id="stop"),
        pytest.param("running", "reboot", "backup", {}, id="reboot"),
        pytest.param("running", "shutdown", "mounted", {}, id="mounted"),
    ],
)
def test_lock_is_passed(
    mock_builder: ProxmoxAPIMockBuilder,
    before: str,
    operation: str,
    lock: str,
    params: dict[str, Any],
) -> None:
    container = make_container(mock_builder, status=before, lock=lock)

    upid = container.status(operation).post(**params)

    assert exitstatus(mock_builder, upid) == "OK"


def test_second_start_fails_when_the_first_has_ended(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder)
    mock_builder.with_task_duration(5)

    upids = [container.status.start.post() for _ in range(2)]
    mock_builder.clock.advance(5)

    ends = [exitstatus(mock_builder, upid) for upid in upids]
    assert ends == ["OK", "CT 200 already running"]


def test_stop_can_abort_a_shutdown(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder, status="running")
    mock_builder.with_task_duration(60)
    shutdown = container.status.shutdown.post()

    container.status.stop.post(**{"overrule-shutdown": 1})

    assert exitstatus(mock_builder, shutdown) == "received interrupt"


def test_uptime_begins_anew_at_a_reboot(mock_builder: ProxmoxAPIMockBuilder) -> None:
    container = make_container(mock_builder, status="running")
    mock_builder.clock.advance(60)

    container.status.reboot.post()

    assert container.status.current.get()["uptime"] == 0
