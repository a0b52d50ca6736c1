from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError, UnknownOperationError

FACES = ["build", "build_api"]


@pytest.mark.parametrize("face", FACES)
def test_two_builders_share_nothing(face: str) -> None:
    first, second = ProxmoxAPIMockBuilder().with_vm(), ProxmoxAPIMockBuilder().with_vm()

    getattr(first, face)().nodes("node1").qemu(100).status.start.post()

    status = getattr(second, face)().nodes("node1").qemu(100).status.current.get()["status"]
    assert status == "stopped"
    assert (len(first.calls), len(second.calls)) == (1, 1)


@pytest.mark.parametrize("face", FACES)
def test_faces_are_the_same_every_time(mock_builder: ProxmoxAPIMockBuilder, face: str) -> None:
    assert getattr(mock_builder, face)() is getattr(mock_builder, face)()


def test_same_description_gives_the_same_answers() -> None:
    answers = []
    for _ in range(2):
        node = ProxmoxAPIMockBuilder().with_vm().build_api().nodes("node1")
        answers.append([node.qemu(100).status.start.post(), node.qemu(100).config.get()])

    assert answers[0] == answers[1]


@pytest.mark.parametrize("vmid", [100, "100", 999_999_999])
def test_vmid_may_be_a_number_or_text(mock_builder: ProxmoxAPIMockBuilder, vmid: Any) -> None:
    mock_builder.with_vm(vmid)

    assert set(mock_builder.cluster.guests) == {int(vmid)}


@pytest.mark.parametrize("vmid", [99, 1_000_000_000, "abc", "", True, "-100"])
def test_impossible_vmid_is_refused(mock_builder: ProxmoxAPIMockBuilder, vmid: Any) -> None:
    with pytest.raises(DoubleError, match="is no VM id; give a number from 100 to 999999999"):
        mock_builder.with_vm(vmid)


def test_vm_has_the_configuration_that_was_described(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm(100, name="web", cores=8, memory=512, scsi0=None, tags="a;b")

    config = mock_builder.build_api().nodes("node1").qemu(100).config.get()
    assert (config["name"], config["cores"], config["memory"]) == ("web", 8, "512")
    assert (config["tags"], "scsi0" in config) == ("a;b", False)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"core": 2}, "has no VM option 'core'; did you mean 'cores'"),
        ({"cores": "many"}, r"VM option cores='many': type check"),
        ({"memory": 2}, "minimum value of 16"),
        ({"scsi0": "nope:8"}, "storage 'nope' does not exist"),
        ({"status": "paussed"}, "'paussed' is no status"),
    ],
    ids=["unknown option", "type", "minimum", "storage", "status"],
)
def test_impossible_vm_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, config: dict[str, Any], message: str
) -> None:
    with pytest.raises(DoubleError, match=message):
        mock_builder.with_vm(100, **config)

    assert mock_builder.cluster.guests == {}


@pytest.mark.parametrize("status", ["running", "stopped", "paused"])
def test_status_is_the_described_one(mock_builder: ProxmoxAPIMockBuilder, status: str) -> None:
    mock_builder.with_vm_status(status)

    current = mock_builder.build_api().nodes("node1").qemu(100).status.current.get()
    assert current["qmpstatus"] == status


def test_vms_keep_their_own_status(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm_status("running", "100").with_vm_status("stopped", "101", "node2")

    guests = mock_builder.cluster.guests
    assert [(one.vmid, one.node, one.status) for one in guests.values()] == [
        (100, "node1", "running"),
        (101, "node2", "stopped"),
    ]


OPERATIONS = {
    "start": ("with_start_operation", lambda vm: vm.status.start.post(), "running"),
    "stop": ("with_stop_operation", lambda vm: vm.status.stop.post(), "stopped"),
    "shutdown": ("with_shutdown_operation", lambda vm: vm.status.shutdown.post(), "stopped"),
    "restart": ("with_restart_operation", lambda vm: vm.status.reboot.post(), "running"),
    "delete": ("with_delete_operation", lambda vm: vm.delete(), None),
}


@pytest.mark.parametrize(("method", "send", "after"), OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize(
    "before", [{}, {"status": "running"}, {"lock": "backup", "protection": 1}],
    ids=["as it is", "running", "locked"],
)  # fmt: skip
def test_operation_is_possible(
    method: str, send: Any, after: str | None, before: dict[str, Any]
) -> None:
    builder = ProxmoxAPIMockBuilder().with_vm(100, **before)

    node = getattr(builder, method)("100", "node1").build_api().nodes("node1")

    assert node.tasks(send(node.qemu(100))).status.get()["exitstatus"] == "OK"
    guest = builder.cluster.guests.get(100)
    assert (guest.status if guest else None) == after


def test_create_operation_frees_the_id(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.with_vm(100).with_create_operation(100, "node7").build_api()

    api.nodes("node7").qemu.create(vmid=100)

    assert mock_builder.cluster.guests[100].node == "node7"


@pytest.mark.parametrize("face", FACES)
def test_operation_error_is_raised_and_used_up(
    mock_builder: ProxmoxAPIMockBuilder, face: str
) -> None:
    mock_builder.with_vm().with_operation_error("start", "no quorum", times=1)
    start = getattr(mock_builder, face)().nodes("node1").qemu("100").status.start

    with pytest.raises(ResourceException, match="500 Internal Server Error: no quorum"):
        start.post()

    assert start.post().startswith("UPID:")


@pytest.mark.parametrize("face", FACES)
def test_operation_error_may_be_any_exception(
    mock_builder: ProxmoxAPIMockBuilder, face: str
) -> None:
    mock_builder.with_operation_error("nodes", ConnectionError("cable"))

    with pytest.raises(ConnectionError, match="cable"):
        getattr(mock_builder, face)().nodes.get()


@pytest.mark.parametrize("method", ["with_operation_error", "with_task_error"])
def test_error_of_an_unknown_operation_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, method: str
) -> None:
    with pytest.raises(
        UnknownOperationError, match=r"unknown operation 'clown'; known are .*clone, "
    ):
        getattr(mock_builder, method)("clown", "x")


def test_task_error_is_an_exit_status(mock_builder: ProxmoxAPIMockBuilder) -> None:
    node = mock_builder.with_vm().with_task_error("start", "kvm: no").build_api().nodes("node1")

    upid = node.qemu(100).status.start.post()

    assert node.tasks(upid).status.get()["exitstatus"] == "kvm: no"
    assert node.qemu(100).status.current.get()["status"] == "stopped"


def test_negative_task_duration_is_refused(mock_builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(DoubleError, match="can't last -1 s"):
        mock_builder.with_task_duration(-1)


def test_agent_may_be_described_by_outputs(mock_builder: ProxmoxAPIMockBuilder) -> None:
    agent = mock_builder.with_agent(commands={"id": "root"}).build_api().nodes.node1.qemu(100).agent

    status = agent("exec-status").get(pid=agent("exec").post(command="id")["pid"])

    assert status["out-data"] == "root"


def test_storage_is_seen(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_storage("nas", kind="nfs", content="images,iso", total_gib=2, shared=True)

    status = mock_builder.build_api().nodes("node1").storage("nas").status.get()

    assert (status["type"], status["content"], status["shared"]) == ("nfs", "images,iso", 1)
    assert status["total"] == 2 << 30
