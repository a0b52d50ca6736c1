import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from threading import enumerate as list_threads

import pytest
from proxmoxer import AuthenticationError, ProxmoxAPI, ResourceException
from requests import exceptions

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.cluster import Cluster, Node
from tests.fixtures.proxmox.errors import DoubleError
from tests.fixtures.proxmox.wire import WireFace, WireServer

DESCRIPTORS = Path("/proc/self/fd")

if find_spec("fakepve") is None:
    pytest.skip("no fakepve; uv run --group wire pytest", allow_module_level=True)


@pytest.fixture
def server() -> Iterator[WireServer]:
    """A server of this test alone."""
    server = WireServer().start()
    yield server
    server.stop()


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


async def count_tasks() -> int:
    """Count the tasks of the server's loop, this one included."""
    return len(asyncio.all_tasks())


def count_descriptors() -> int:
    return len(list(DESCRIPTORS.iterdir()))


def test_certificate_is_not_trusted_without_its_file(pve_server: WireFace) -> None:
    with pytest.raises(exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        pve_server.connect(verify_ssl=True)


def test_certificate_of_another_server_is_not_trusted(
    pve_server: WireFace, server: WireServer
) -> None:
    with pytest.raises(exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        pve_server.connect(verify_ssl=server.cafile)


def test_two_servers_are_independent(pve_server: WireFace, server: WireServer) -> None:
    other = WireFace(server)
    pve_server.api.nodes("node1").qemu.create(vmid=100)
    other.show()

    assert other.port != pve_server.port
    assert other.api.cluster.resources.get(type="vm") == []
    assert len(pve_server.api.cluster.resources.get(type="vm")) == 1


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_finds_the_usual_cluster(pve_server: WireFace, turn: int) -> None:
    assert pve_server.api.cluster.resources.get(type="vm") == []
    assert [node["node"] for node in pve_server.api.nodes.get()] == ["node1"]
    assert pve_server.pve.time_scale == 0

    pve_server.api.nodes("node1").qemu.create(vmid=100 + turn)
    pve_server.pve.add_node("left-over")
    pve_server.pve.time_scale = 1
    pve_server.pve.flaky_network(drop_rate=1)


def test_clients_of_before_are_shut_out(pve_server: WireFace) -> None:
    by_ticket, by_token = pve_server.api, pve_server.connect(token_name="wire")
    password = pve_server.password

    pve_server.show()

    for client in (by_ticket, by_token):
        with pytest.raises(ResourceException, match="401"):
            client.version.get()
    with pytest.raises(AuthenticationError):
        pve_server.connect(password=password)


def test_object_of_before_is_not_served(pve_server: WireFace) -> None:
    old = pve_server.pve

    pve_server.show()
    old.add_vm(100, "late")
    old.fail("GET", "/nodes", 500, "late")

    assert pve_server.api.cluster.resources.get(type="vm") == []
    assert len(pve_server.api.nodes.get()) == 1


def test_reset_ends_a_request_that_is_under_way(server: WireServer) -> None:
    cluster = ProxmoxAPIMockBuilder().with_vm(100).cluster
    face, outcome = WireFace(server).show(cluster), []
    face.pve.time_scale = face.pve.lock_wait = 60
    face.run(face.pve.hold_config_lock(100, None))
    client = face.connect(timeout=30)

    def change() -> None:
        try:
            outcome.append(client.nodes("node1").qemu(100).config.put(name="late"))
        except exceptions.ConnectionError as error:
            outcome.append(error)

    thread = Thread(target=change)
    thread.start()
    wait_for(lambda: face.requests[-1].method == "PUT")
    face.show(cluster)
    thread.join(10)

    assert isinstance(outcome[0], exceptions.ConnectionError)
    assert face.requests == []
    assert face.api.nodes("node1").qemu(100).config.get()["name"] == "vm-100"


def test_reset_ends_tasks_that_are_under_way(server: WireServer) -> None:
    face = WireFace(server).show(ProxmoxAPIMockBuilder().with_vm(100).cluster)
    old = face.pve
    old.time_scale, old.vm(100).start_secs = 0.05, 1
    face.api.nodes("node1").qemu(100).status.start.post()

    face.show()
    # isolation: ignore[PTI502] nothing is to happen in it, and a task of 0.05 s would have by then
    time.sleep(0.1)

    assert old.vm(100).status == "stopped"
    assert server.run(count_tasks()) == 1


def test_resets_under_fire_never_show_a_mixture(server: WireServer) -> None:
    face = WireFace(server)
    seen: list[tuple[str, ...]] = []
    is_over = Event()

    def ask() -> None:
        while not is_over.is_set():
            try:
                nodes = face.connect(timeout=10).nodes.get()
                seen.append(tuple(sorted(node["node"] for node in nodes)))
            except (exceptions.ConnectionError, AuthenticationError, ResourceException):
                seen.append(())

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(60):
        cluster = Cluster()
        for name in (f"left{number}", f"right{number}"):
            cluster.add_node(Node(name))
        face.show(cluster)
    wait_for(lambda: any(seen[-8:]))
    is_over.set()
    for thread in threads:
        thread.join(30)

    pairs = {(f"left{number}", f"right{number}") for number in range(60)}
    assert set(seen) - {()} <= pairs | {("node1",)}
    face.close()


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="descriptors are counted in /proc")
def test_resets_leave_nothing(server: WireServer) -> None:
    def use() -> tuple[int, int, int]:
        with WireFace(server).show() as face:
            face.api.version.get()
            face.connect().version.get()
            ProxmoxAPI(
                face.host, port=face.port, user=face.user, password=face.password,
                verify_ssl=face.cafile,
            ).version.get()  # fmt: skip
        tasks = server.run(count_tasks())
        return tasks, len(list_threads()), count_descriptors()

    first = use()
    for _ in range(50):
        last = use()

    assert last == first
    assert last[0] == 1


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="descriptors are counted in /proc")
def test_stop_leaves_nothing() -> None:
    WireServer().start().stop()  # what is opened once and for all
    threads, descriptors = list_threads(), count_descriptors()

    server = WireServer().start()
    api = WireFace(server).api
    api.version.get()
    directory = Path(server.cafile).parent
    server.stop()
    server.stop()
    del api

    assert list_threads() == threads
    assert count_descriptors() == descriptors
    assert not directory.exists()
    with socket.socket() as probe:
        assert probe.connect_ex((server.host, server.port)) != 0


def test_stopped_server_says_so(server: WireServer) -> None:
    server.stop()

    with pytest.raises(DoubleError, match=r"doesn't run; start it"):
        server.reset()


def test_canary_state_of_fakepve_lies_in_its_dict(server: WireServer) -> None:
    face = WireFace(server).show(ProxmoxAPIMockBuilder().with_vm(100).cluster)
    face.pve.grant("a@pve", "/vms", "VM.Audit")
    face.api.nodes("node1").qemu(100).firewall.rules.post(action="ACCEPT", type="in")
    face.api.pools.create(poolid="pool")
    face.api.nodes("node1").qemu(100).clone.post(newid=101)
    used = face.pve
    face.show()

    served = vars(server._served)
    assert served is vars(face.pve)
    assert served is not vars(used)
    for cls in type(face.pve).__mro__:
        mutable = {k for k, v in vars(cls).items() if isinstance(v, list | dict | set)}
        assert mutable <= {"__annotations__"}, cls
    fresh = vars(type(used)(user=face.user, password=face.password, host=face.host, port=face.port))
    assert set(served) == set(fresh)
    # What seeding fills; generators and counters have no equality.
    own = {"nodes", "storages", "apitokens", "_random", "_pids", "_ct_pids"}
    assert {key for key in fresh if served[key] != fresh[key]} <= own
    shared = {key for key in served if served[key] is vars(used)[key]}
    assert not {key for key in shared if isinstance(served[key], list | dict | set)}
