from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.operations import guest_moves
from tests.fixtures.proxmox.operations.handlers import Cluster, Request

MIGRATE = ("POST", "/nodes/{node}/qemu/{vmid}/migrate")


@pytest.fixture
def node(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """Node1 with a running VM, one to be started with the node, one not, and a template."""
    mock_builder.with_node("node2").with_vm(100, status="running")
    mock_builder.with_vm(101, onboot=1, startup="order=2").with_vm(102)
    mock_builder.with_vm(103, onboot=1, startup="order=1").with_vm(104, template=1, onboot=1)
    return mock_builder.build_api().nodes("node1")


def running(builder: ProxmoxAPIMockBuilder) -> list[int]:
    return [vmid for vmid, guest in builder.cluster.guests.items() if guest.is_running]


def kinds(builder: ProxmoxAPIMockBuilder) -> list[str]:
    tasks = reversed(builder.cluster.tasks.newest_first())
    return [f"{task.kind} {task.ident}".strip() for task in tasks]


def test_start_all_takes_those_of_the_node_in_their_order(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    node.startall.post()

    assert kinds(mock_builder) == ["startall", "qmstart 103", "qmstart 101"]
    assert running(mock_builder) == [100, 101, 103]


@pytest.mark.parametrize(
    ("params", "expected"),
    [({"force": 1}, [100, 101, 102, 103]), ({"vms": "102"}, [100, 102])],
    ids=["force", "named"],
)
def test_start_all_of(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, params: dict[str, object], expected: list[int]
) -> None:
    node.startall.post(**params)

    assert running(mock_builder) == expected


@pytest.mark.parametrize(
    ("command", "kind"), [("stopall", "qmshutdown 100"), ("suspendall", "qmsuspend 100")]
)
def test_all_go_down(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, command: str, kind: str
) -> None:
    node(command).post()

    assert kinds(mock_builder) == [command, kind]
    assert running(mock_builder) == []


def test_batch_leaves_managed_guests_alone(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_ha(100)

    node.stopall.post()

    assert running(mock_builder) == [100]


def test_locked_guest_fails_its_own_task(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_vm(101, onboot=1, lock="backup")

    node.startall.post(vms="101")

    exits = [task.exitstatus for task in mock_builder.cluster.tasks.newest_first()]
    assert exits == ["VM is locked (backup)", "OK"]


def test_migrate_all_asks_for_each_guest(node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, object, object]] = []

    def migrate(_cluster: Cluster, request: Request) -> object:
        asked.append((request.vmid, request.params["target"], request.params.get("online")))
        return "UPID"

    monkeypatch.setattr(guest_moves, "HANDLERS", {MIGRATE: migrate})

    node.migrateall.post(target="node2", maxworkers=1, vms="100,102")

    assert sorted(asked) == [(100, "node2", True), (102, "node2", None)]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"target": "node1", "maxworkers": 1}, "target is local node"),
        ({"target": "node9", "maxworkers": 1}, "no such cluster node 'node9'"),
        ({"target": "node2"}, "either 'max-workers' parameter or max_workers"),
    ],
    ids=["itself", "unknown", "workers"],
)
def test_migrate_all_is_refused(node: Any, params: dict[str, object], message: str) -> None:
    with pytest.raises(ResourceException, match=message):
        node.migrateall.post(**params)
