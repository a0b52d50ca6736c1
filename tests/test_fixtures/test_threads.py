"""Several threads on one cluster: started here, and by pytest-run-parallel where it is installed.

`pytest --parallel-threads=8 -k shared tests/test_fixtures/test_threads.py` runs each test in eight
threads at once, which share its fixtures; those named `test_shared_...` are written for that.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from threading import Barrier, Thread
from typing import Any, cast

import pytest
from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder

# Other tests leave an audit hook behind, as nothing can remove it.
pytestmark = pytest.mark.skipif(
    sys.gettrace() is not None,
    reason="on Python 3.11 coverage's tracer and an audit hook together stop threads for good",
)

THREADS = 8
ROUNDS = 50  # of two operations, in each thread
FACES = ("build", "build_api")


def run_threads(work: Callable[[int], None]) -> None:
    """Run the work in all threads at once, and raise what any of them raised."""
    together, errors = Barrier(THREADS), []
    interval = sys.getswitchinterval()

    def start(number: int) -> None:
        together.wait()
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - it is raised in the test's own thread
            errors.append(error)

    threads = [Thread(target=start, args=(number,)) for number in range(THREADS)]
    sys.setswitchinterval(1e-6)  # The usual 5 ms would hide most races.
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    if errors:
        raise errors[0]


@pytest.mark.parametrize("face", FACES)
def test_threads_lose_no_call_and_share_no_upid(
    mock_builder: ProxmoxAPIMockBuilder, face: str
) -> None:
    qemu = getattr(mock_builder, face)().nodes("node1").qemu
    upids: list[str] = []

    def work(number: int) -> None:
        for vmid in range(1000 * (number + 1), 1000 * (number + 1) + ROUNDS):
            upids.append(qemu.post(vmid=vmid))
            upids.append(qemu(vmid).status.start.post())

    run_threads(work)

    guests = mock_builder.cluster.guests.values()
    assert len(set(upids)) == len(mock_builder.calls) == THREADS * ROUNDS * 2
    assert len({guest.pid for guest in guests}) == THREADS * ROUNDS
    assert all(guest.is_running for guest in guests)


@pytest.mark.parametrize("face", FACES)
def test_one_thread_gets_the_id_that_all_want(
    mock_builder: ProxmoxAPIMockBuilder, face: str
) -> None:
    qemu = getattr(mock_builder, face)().nodes("node1").qemu
    ends: list[str] = []

    def work(_number: int) -> None:
        try:
            qemu.post(vmid=100)
        except ResourceException as error:
            ends.append(str(error.content))
        else:
            ends.append("created")

    run_threads(work)

    exists = "unable to create VM 100 - VM 100 already exists on node 'node1'"
    assert Counter(ends) == {"created": 1, exists: THREADS - 1}


def test_fault_is_used_up_exactly(mock_builder: ProxmoxAPIMockBuilder) -> None:
    version = mock_builder.with_operation_error("version", "no", times=100).build_api().version
    refused: list[int] = []

    def work(number: int) -> None:
        for _ in range(ROUNDS):
            try:
                version.get()
            except ResourceException:
                refused.append(number)

    run_threads(work)

    assert len(refused) == 100
    assert len(mock_builder.calls) == THREADS * ROUNDS


def test_mock_counts_the_calls_of_all_threads(mock_builder: ProxmoxAPIMockBuilder) -> None:
    config = cast("Any", mock_builder.with_vm().build()).nodes("node1").qemu("100").config

    def work(_number: int) -> None:
        for _ in range(ROUNDS):
            config.get()

    run_threads(work)

    assert config.get.call_count == THREADS * ROUNDS


def test_state_is_whole_in_every_snapshot(mock_builder: ProxmoxAPIMockBuilder) -> None:
    node = mock_builder.with_vm().build_api().nodes("node1")
    kept = []

    def work(number: int) -> None:
        for _ in range(10):
            if number % 2:
                kept.append(mock_builder.snapshot())
            else:
                node.qemu(100).config.put(name=f"vm{number}", description=f"of {number}")

    run_threads(work)

    for snapshot in kept[::5]:
        config = mock_builder.reset(snapshot).cluster.guests[100].config
        names = (config["name"], config.get("description"))
        assert names == ("vm-100", None) or names[1] == f"of {str(names[0])[2:]}"


def test_clients_log_in_from_all_threads(mock_builder: ProxmoxAPIMockBuilder) -> None:
    tickets: list[str] = []

    def work(_number: int) -> None:
        api = ProxmoxAPI("pve", user="root@pam", password="secret", verify_ssl=False)
        tickets.append(api.get_tokens()[0])
        api.version.get()

    with mock_builder.connect():
        run_threads(work)

    assert len(set(tickets)) == len(mock_builder.calls) == THREADS


@pytest.fixture
def vmids() -> Iterator[int]:
    """Ids for all threads of one test: each is given once."""
    return count(1000)


@pytest.mark.parametrize("face", FACES)
def test_shared_builder_keeps_every_call(
    mock_builder: ProxmoxAPIMockBuilder, vmids: Iterator[int], face: str
) -> None:
    qemu = getattr(mock_builder, face)().nodes("node1").qemu
    mine = [next(vmids) for _ in range(ROUNDS)]

    upids = [
        upid for vmid in mine for upid in (qemu.post(vmid=vmid), qemu(vmid).status.start.post())
    ]

    paths = Counter(call.path for call in mock_builder.calls)
    assert all(paths[f"/nodes/node1/qemu/{vmid}/status/start"] == 1 for vmid in mine)
    with mock_builder.cluster.lock:
        tasks = Counter(task.upid for task in mock_builder.cluster.tasks.newest_first())
    assert all(tasks[upid] == 1 for upid in upids)
    assert {qemu(vmid).status.current.get()["status"] for vmid in mine} == {"running"}


def test_shared_clock_ends_every_task_once(
    mock_builder: ProxmoxAPIMockBuilder, vmids: Iterator[int]
) -> None:
    node = mock_builder.with_task_duration(5).build_api().nodes("node1")
    vmid = next(vmids)

    upid = node.qemu.post(vmid=vmid)
    mock_builder.clock.advance(5)

    assert node.tasks(upid).status.get()["exitstatus"] == "OK"
    assert [line["t"] for line in node.tasks(upid).log.get()] == ["TASK OK"]


def test_shared_connection_serves_every_thread(
    proxmox_connection: ProxmoxAPIMockBuilder, vmids: Iterator[int]
) -> None:
    api = ProxmoxAPI("pve", user="root@pam", password="secret", verify_ssl=False)
    vmid = next(vmids)

    api.nodes("node1").qemu.post(vmid=vmid)

    assert api.nodes("node1").qemu(vmid).status.current.get()["vmid"] == vmid
    assert vmid in proxmox_connection.cluster.guests
