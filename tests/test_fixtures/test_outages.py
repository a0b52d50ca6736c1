from collections.abc import Callable
from typing import Any

import pytest
from proxmoxer.core import ResourceException
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.descriptions.fault_effects import writes_that_need_quorum
from tests.fixtures.proxmox.containers import Container
from tests.fixtures.proxmox.errors import DoubleError, UnknownOperationError

FACES = ("build", "build_api")
QUORUM = "500 Internal Server Error: cluster not ready - no quorum?"
EXPIRED = "401 Unauthorized: permission denied - invalid PVE ticket"

# Name: the step, with as many refusals as it is told; the request; what the client sees.
OUTAGES: dict[str, tuple[Callable[[Any, int], Any], Callable[[Any], Any], type, str]] = {
    "locked guest": (
        lambda builder, times: builder.with_locked_guest(100, times=times),
        lambda node: node.qemu(100).config.put(name="x"),
        ResourceException, r"500 Internal Server Error: VM is locked \(backup\)",
    ),
    "offline node": (
        lambda builder, times: builder.with_node_offline("node1", times=times),
        lambda node: node.qemu(100).config.get(),
        ResourceException, "595 Errors during connection .*: No route to host",
    ),
    "no quorum": (
        lambda builder, times: builder.with_no_quorum(times=times),
        lambda node: node.qemu(100).status.start.post(),
        ResourceException, QUORUM,
    ),
    "denied operation": (
        lambda builder, times: builder.with_permission_denied("stop", times=times),
        lambda node: node.qemu(100).status.stop.post(),
        ResourceException,
        r"403 Forbidden: Permission check failed \(/vms/100, VM.PowerMgmt\)",
    ),
    "expired ticket": (
        lambda builder, times: builder.with_expired_ticket(times=times),
        lambda node: node.qemu.get(),
        ResourceException, EXPIRED,
    ),
    "timeout": (
        lambda builder, times: builder.with_timeout("list", times=times),
        lambda node: node.qemu.get(),
        ReadTimeout, r"host='fake', port=8006\): Read timed out. \(read timeout=5\)",
    ),
    "refused connection": (
        lambda builder, times: builder.with_connection_refused(times=times),
        lambda node: node.qemu(100).config.get(),
        RequestsConnectionError,
        r"url: /api2/json/nodes/node1/qemu/100/config .*Connection refused",
    ),
    "slow answer": (
        lambda builder, times: builder.with_slow_answer(6, times=times),
        lambda node: node.qemu.get(),
        ReadTimeout, "Read timed out",
    ),
    "full storage": (
        lambda builder, times: builder.with_storage_full("local-lvm", times=times),
        lambda node: node.qemu(100).config.put(scsi1="local-lvm:8"),
        ResourceException, "Cannot create new thin volume, free space in thin pool",
    ),
}  # fmt: skip


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("describe", "send", "error", "text"), OUTAGES.values(), ids=OUTAGES)
def test_outage_ends_after_its_times(  # noqa: PLR0913, PLR0917 - the columns of a table
    mock_builder: ProxmoxAPIMockBuilder,
    face: str,
    describe: Any,
    send: Any,
    error: type[Exception],
    text: str,
) -> None:
    describe(mock_builder.with_vm(100), 2)
    node = getattr(mock_builder, face)().nodes("node1")

    raised = []
    for _ in range(2):
        with pytest.raises(error, match=text) as caught:
            send(node)
        raised.append(caught.value)

    assert raised[0] is not raised[1]
    send(node)
    assert len(mock_builder.calls) == 3


@pytest.mark.parametrize(("describe", "send", "error", "text"), OUTAGES.values(), ids=OUTAGES)
def test_outage_without_times_lasts(
    mock_builder: ProxmoxAPIMockBuilder, describe: Any, send: Any, error: type[Exception], text: str
) -> None:
    describe(mock_builder.with_vm(100), None)
    node = mock_builder.build_api().nodes("node1")

    for _ in range(5):
        with pytest.raises(error, match=text):
            send(node)


@pytest.mark.parametrize(
    "step",
    [
        "with_locked_guest",
        "with_node_offline",
        "with_storage_full",
        "with_no_quorum",
        "with_connection_refused",
    ],
)
def test_no_times_are_refused(mock_builder: ProxmoxAPIMockBuilder, step: str) -> None:
    with pytest.raises(DoubleError, match="0 times is none"):
        getattr(mock_builder.with_vm(), step)(times=0)

    assert mock_builder.build_api().nodes("node1").qemu(100).status.start.post()


def test_locked_guest_refuses_inside_tasks_too(mock_builder: ProxmoxAPIMockBuilder) -> None:
    node = mock_builder.with_vm().with_locked_guest(times=1).build_api().nodes("node1")

    ends = [
        node.tasks(node.qemu(100).status.start.post()).status.get()["exitstatus"] for _ in range(2)
    ]

    assert ends == ["VM is locked (backup)", "OK"]


def test_lock_is_seen(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm().with_locked_guest(100, "migrate")

    status = mock_builder.build_api().nodes("node1").qemu(100).status.current.get()

    assert status["lock"] == "migrate"


@pytest.mark.parametrize(
    ("vmid", "lock", "text"),
    [(100, "bakup", "'bakup' is no lock of a guest; give one of backup, "),
     (101, "backup", "there is no guest 101 to lock; describe it first")],
)  # fmt: skip
def test_lock_that_cannot_be_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, vmid: int, lock: str, text: str
) -> None:
    with pytest.raises(DoubleError, match=text):
        mock_builder.with_vm().with_locked_guest(vmid, lock)


def test_node_is_back_and_shown_so(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.with_node("node2").with_node_offline("node2", times=1).build_api()
    before = {node["node"]: node["status"] for node in api.nodes.get()}

    with pytest.raises(ResourceException):
        api.nodes("node2").qemu.get()

    after = {node["node"]: node["status"] for node in api.nodes.get()}
    assert (before, after) == (
        {"node1": "online", "node2": "offline"}, {"node1": "online", "node2": "online"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("method", "template", "needs_it"),
    [
        ("POST", "/nodes/{node}/qemu/{vmid}/status/start", True),
        ("POST", "/nodes/{node}/vzdump", True),
        ("POST", "/storage", True),
        ("POST", "/nodes/{node}/qemu/{vmid}/agent/exec", False),
        ("POST", "/nodes/{node}/storage/{storage}/upload", False),
        ("DELETE", "/nodes/{node}/tasks/{upid}", False),
        ("GET", "/nodes/{node}/qemu", False),
    ],
)
def test_what_is_kept_for_all_nodes_needs_quorum(
    method: str, template: str, *, needs_it: bool
) -> None:
    assert ((method, template) in writes_that_need_quorum()) == needs_it


def test_without_quorum_what_is_only_read_is_answered(mock_builder: ProxmoxAPIMockBuilder) -> None:
    node = mock_builder.with_agent().with_no_quorum().build_api().nodes("node1")

    node.qemu.get()
    node.qemu(100).agent.ping.post()

    assert mock_builder.cluster.is_quorate is False


def test_quorum_is_regained(mock_builder: ProxmoxAPIMockBuilder) -> None:
    node = mock_builder.with_vm().with_no_quorum(times=1).build_api().nodes("node1")

    with pytest.raises(ResourceException, match="no quorum"):
        node.qemu(100).delete()

    assert mock_builder.cluster.is_quorate is True


@pytest.mark.parametrize(
    ("narrow", "text"),
    [
        ({"privilege": "VM.PowerMgmt"}, r"\(/vms/100, VM.PowerMgmt\)"),
        ({"path": "/vms/100"}, r"\(/vms/100, VM.PowerMgmt\)"),
        ({"path": "/", "privilege": "VM.PowerMgmt"}, r"\(/, VM.PowerMgmt\)"),
        ({}, r"\(/vms/100, VM.PowerMgmt\)"),
        ({"operation": "start", "vmid": 100, "node": "node1"}, r"\(/vms/100, VM.PowerMgmt\)"),
    ],
    ids=["privilege", "path", "root", "all", "narrowed"],
)
def test_permission_is_denied_by(
    mock_builder: ProxmoxAPIMockBuilder, narrow: dict[str, Any], text: str
) -> None:
    api = mock_builder.with_vm().with_permission_denied(**narrow).build_api()

    with pytest.raises(ResourceException, match=text):
        api.nodes("node1").qemu(100).status.start.post()


@pytest.mark.parametrize(
    "narrow",
    [{"privilege": "VM.Clone"}, {"path": "/vms/101"}, {"operation": "stop"},
     {"operation": "start", "kind": "lxc"}, {"operation": "start", "vmid": 101}],
    ids=str,
)  # fmt: skip
def test_permission_is_not_denied_elsewhere(
    mock_builder: ProxmoxAPIMockBuilder, narrow: dict[str, Any]
) -> None:
    api = mock_builder.with_vm().with_permission_denied(**narrow).build_api()

    assert api.nodes("node1").qemu(100).status.start.post().startswith("UPID:")


def test_privilege_that_nothing_needs_is_refused(mock_builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(DoubleError, match=r"no operation needs 'VM.Jump' on any path"):
        mock_builder.with_permission_denied(privilege="VM.Jump")


def test_slow_answer_takes_effect_and_time(mock_builder: ProxmoxAPIMockBuilder) -> None:
    node = mock_builder.with_vm().with_slow_answer(30, "start", times=1).build_api().nodes("node1")
    before = mock_builder.clock.now

    with pytest.raises(ReadTimeout):
        node.qemu(100).status.start.post()

    assert mock_builder.clock.now == before + 30
    assert node.qemu(100).status.current.get()["status"] == "running"


def test_slow_answer_within_the_timeout_is_an_answer(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.with_slow_answer(5, "version").build_api()

    assert api.version.get()["version"]


def test_timeout_has_no_effect(mock_builder: ProxmoxAPIMockBuilder) -> None:
    node = mock_builder.with_vm().with_timeout("start", vmid=100).build_api().nodes("node1")

    with pytest.raises(ReadTimeout):
        node.qemu(100).status.start.post()

    assert not mock_builder.cluster.guests[100].is_running


SPACE: dict[str, tuple[Callable[[Any], Any], str | None]] = {
    "create": (
        lambda node: node.qemu.post(vmid=300, scsi0="local-lvm:8"),
        "unable to create VM 300 - Cannot create new thin volume",
    ),
    "clone": (lambda node: node.qemu(100).clone.post(newid=300), "clone failed: Cannot create"),
    "create without a disk": (lambda node: node.qemu.post(vmid=300), None),
    "create elsewhere": (lambda node: node.qemu.post(vmid=300, scsi0="other:8"), None),
    "start": (lambda node: node.qemu(100).status.start.post(), None),
}


@pytest.mark.parametrize(("send", "end"), SPACE.values(), ids=SPACE)
def test_full_storage_fails_the_tasks_that_need_space(
    mock_builder: ProxmoxAPIMockBuilder, send: Any, end: str | None
) -> None:
    mock_builder.allow_unused().with_vm().with_storage("other").with_storage_full(times=1)
    node = mock_builder.build_api().nodes("node1")

    exitstatus = node.tasks(send(node)).status.get()["exitstatus"]

    assert exitstatus.startswith(end or "OK")


def test_full_storage_is_shown_and_emptied_again(mock_builder: ProxmoxAPIMockBuilder) -> None:
    node = mock_builder.with_storage_full(times=1).build_api().nodes("node1")
    full = node.storage("local-lvm").status.get()["avail"]

    upids = [node.qemu.post(vmid=300, scsi0="local-lvm:8") for _ in range(2)]

    assert full == 0
    assert node.tasks(upids[1]).status.get()["exitstatus"] == "OK"
    assert node.storage("local-lvm").status.get()["avail"] > 0


def test_unknown_storage_is_refused(mock_builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(DoubleError, match="no storage 'nas' to fill; describe it first"):
        mock_builder.with_storage_full("nas")


def test_unknown_operation_is_refused(mock_builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(UnknownOperationError, match="did you mean 'clone'"):
        mock_builder.with_timeout("cloen")


@pytest.mark.parametrize("step", ["with_slow_answer", "with_task_duration"])
def test_negative_time_is_refused(mock_builder: ProxmoxAPIMockBuilder, step: str) -> None:
    with pytest.raises(DoubleError, match=r"can't .* -1 s; give 0 or more"):
        getattr(mock_builder, step)(-1)


def test_violation_is_found_in_spite_of_an_outage(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.with_vm().with_connection_refused().build_api()

    with mock_builder.expect_violation(), pytest.raises(ResourceException, match="400 Bad"):
        api.nodes("node1").qemu(100).status.start.post(bogus=1)


def test_bare_exception_is_what_proxmox_would_answer(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_operation_error("nodes", Exception("got timeout"))

    with pytest.raises(ResourceException, match="500 Internal Server Error: got timeout"):
        mock_builder.build_api().nodes.get()


def test_exception_of_proxmoxer_is_raised_anew(mock_builder: ProxmoxAPIMockBuilder) -> None:
    error = ResourceException(503, "Service Unavailable", "later")
    nodes = mock_builder.with_operation_error("nodes", error).build_api().nodes

    with pytest.raises(ResourceException, match="503 Service Unavailable: later") as caught:
        nodes.get()

    assert caught.value is not error
    assert caught.value.status_code == 503


def test_path_error_is_that_path_s(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm(100).with_vm(101)
    mock_builder.with_path_error("GET", "/nodes/node1/qemu/100/config", "broken", times=1)
    qemu = mock_builder.build_api().nodes("node1").qemu

    with pytest.raises(ResourceException, match="broken"):
        qemu(100).config.get()

    assert qemu(101).config.get()


@pytest.mark.parametrize(
    ("narrow", "end"),
    [({}, "no"), ({"vmid": "100"}, "no"), ({"node": "node1", "kind": "qemu"}, "no"),
     ({"vmid": 101}, "OK"), ({"node": "node2"}, "OK"), ({"kind": "lxc"}, "OK")],
    ids=str,
)  # fmt: skip
def test_task_error_is_narrowed(
    mock_builder: ProxmoxAPIMockBuilder, narrow: dict[str, Any], end: str
) -> None:
    mock_builder.with_vm().with_task_error("start", "no", **narrow)
    node = mock_builder.build_api().nodes("node1")

    upid = node.qemu(100).status.start.post()

    assert node.tasks(upid).status.get()["exitstatus"] == end


def test_container_may_be_locked(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.cluster.guests[200] = Container(200, "node1")

    mock_builder.with_locked_guest(200, "mounted")

    assert mock_builder.cluster.guests[200].lock == "mounted"


def test_outage_is_over_when_told_so(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm().with_no_quorum().with_timeout("list").with_storage_full()
    mock_builder.with_node_offline("node1", times=9).with_task_error("start", "no")
    node = mock_builder.build_api().nodes("node1")

    mock_builder.without_faults()

    upid = node.qemu(100).status.start.post()
    assert node.tasks(upid).status.get()["exitstatus"] == "OK"
    assert node.storage("local-lvm").status.get()["avail"] > 0
    assert len(node.qemu.get()) == 1
