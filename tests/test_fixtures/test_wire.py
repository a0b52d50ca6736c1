from importlib.util import find_spec
from pathlib import Path
from threading import enumerate as list_threads

import pytest
from proxmoxer import AuthenticationError, ProxmoxAPI, ResourceException

from tests import fixtures
from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError
from tests.fixtures.proxmox.wire import WireFace, WireRequest

if find_spec("fakepve") is None:
    pytest.skip("no fakepve; uv run --group wire pytest", allow_module_level=True)


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(fixtures.__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", str(root))


def run_inner(pytester: pytest.Pytester, *args: str, **files: str) -> pytest.RunResult:
    pytester.makepyfile(**files)
    quick = ("-p", "no:fakepve", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")
    options = ("-W", "error", "-o", "asyncio_default_fixture_loop_scope=function")
    plugin = ("-p", "tests.fixtures.plugin")
    return pytester.runpytest_subprocess(*plugin, *quick, *options, *args, timeout=60)


def test_api_has_a_ticket_and_may_write(pve_server: WireFace) -> None:
    api = pve_server.api

    api.nodes("node1").qemu.create(vmid=100)

    assert isinstance(api, ProxmoxAPI)
    assert api.get_tokens()[0].startswith("PVE:root@pam:")
    assert pve_server.api is api


@pytest.mark.parametrize(
    "options", [{}, {"token_name": "wire"}, {"user": "root@pam"}], ids=["password", "token", "user"]
)
def test_connect_fills_in_what_is_not_given(pve_server: WireFace, options: dict[str, str]) -> None:
    api = pve_server.connect(**options)

    assert api.nodes.get()[0]["node"] == "node1"


def test_wrong_password_is_refused(pve_server: WireFace) -> None:
    with pytest.raises(AuthenticationError, match="code: 401"):
        pve_server.connect(password="wrong")


def test_wrong_token_is_refused(pve_server: WireFace) -> None:
    api = pve_server.connect(token_name="wire", token_value="wrong")

    with pytest.raises(ResourceException, match="401"):
        api.version.get()


def test_requests_are_recorded_without_secrets(pve_server: WireFace) -> None:
    api = pve_server.connect()
    api.nodes("node1").qemu.create(vmid=100, name="web-1")
    api.cluster.resources.get(type="vm")

    assert pve_server.requests == [
        WireRequest("POST", "/access/ticket", {"username": "root@pam", "password": "***"}),
        WireRequest("POST", "/nodes/node1/qemu", {"vmid": "100", "name": "web-1"}),
        WireRequest("GET", "/cluster/resources", {}),
    ]


def test_mock_builder_serves_on_the_server_of_the_worker(
    mock_builder: ProxmoxAPIMockBuilder, pve_server: WireFace
) -> None:
    face = mock_builder.with_vm(100, status="running").serve()

    assert face is pve_server
    assert face.api.nodes("node1").qemu(100).status.current.get()["status"] == "running"


def test_served_cluster_is_a_copy(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.with_vm(100).serve().api

    api.nodes("node1").qemu(100).status.start.post()
    api.nodes("node1").qemu(100).config.put(memory=4096)

    assert not mock_builder.cluster.guests[100].is_running
    assert mock_builder.cluster.guests[100].maxmem == 2 << 30


def test_builder_of_its_own_starts_and_stops_a_server() -> None:
    threads = list_threads()

    with ProxmoxAPIMockBuilder().with_vm(100).serve() as face:
        names = [vm["name"] for vm in face.connect().cluster.resources.get(type="vm")]

    assert names == ["vm-100"]
    assert list_threads() == threads


def test_refused_description_leaves_no_server() -> None:
    threads = list_threads()

    with pytest.raises(DoubleError):
        ProxmoxAPIMockBuilder().with_task_duration(1).serve()

    assert list_threads() == threads


def test_settle_waits_for_tasks(mock_builder: ProxmoxAPIMockBuilder) -> None:
    face = mock_builder.with_vm(100, status="running").serve()
    face.pve.time_scale, face.pve.vm(100).shutdown_secs = 0.01, 5
    vm = face.api.nodes("node1").qemu(100)

    vm.status.shutdown.post()
    during = vm.status.current.get()["status"]
    face.settle()

    assert during == "running"
    assert vm.status.current.get()["status"] == "stopped"


def test_settle_names_what_still_runs(mock_builder: ProxmoxAPIMockBuilder) -> None:
    face = mock_builder.with_vm(100, status="running").serve()
    face.pve.time_scale, face.pve.vm(100).shutdown_secs = 1, 60
    upid = face.api.nodes("node1").qemu(100).status.shutdown.post()

    with pytest.raises(DoubleError, match=rf"after 0.01 s: {upid}; wait longer"):
        face.settle(0.01)


def test_coroutines_run_in_the_thread_of_the_server(mock_builder: ProxmoxAPIMockBuilder) -> None:
    face = mock_builder.with_node("node2").with_vm(100).serve()

    face.run(face.pve.migrate(100, "node2"))

    assert face.api.nodes("node2").qemu(100).status.current.get()["vmid"] == 100


def test_canary_given_ticket_is_like_one_from_a_login(pve_server: WireFace) -> None:
    given, real = pve_server.api._store["session"].auth, pve_server.connect()._backend.auth

    assert type(given) is type(real)
    assert set(vars(given)) == set(vars(real))
    own = {"pve_auth_ticket", "csrf_prevention_token", "birth_time"}
    assert {key for key in vars(real) if vars(given)[key] != vars(real)[key]} == own


def test_workers_have_servers_of_their_own(pytester: pytest.Pytester) -> None:
    result = run_inner(pytester, "-p", "xdist", "-n", "2", "--dist", "each", test_inner="""
        import pytest

        @pytest.mark.parametrize("turn", range(3))
        def test_turn(mock_builder, pve_server, worker_id, turn):
            assert pve_server.api.cluster.resources.get(type="vm") == []
            mock_builder.with_vm(100, name=worker_id)
            api = mock_builder.serve().api
            assert api.cluster.resources.get(type="vm")[0]["name"] == worker_id
            with open(f"port-{worker_id}-{turn}", "w") as file:
                file.write(str(pve_server.port))
    """)  # fmt: skip

    result.assert_outcomes(passed=6)
    ports = {
        worker: {path.read_text() for path in pytester.path.glob(f"port-{worker}-*")}
        for worker in ("gw0", "gw1")
    }
    assert [len(found) for found in ports.values()] == [1, 1]
    assert ports["gw0"] != ports["gw1"]


def test_two_builders_stay_independent_on_the_wire(mock_builder: ProxmoxAPIMockBuilder) -> None:
    running = mock_builder.with_vm_status("running")
    stopped = ProxmoxAPIMockBuilder().with_vm_status("stopped")

    with stopped.serve() as other:
        faces = (running.serve(), other)
        statuses = [face.api.nodes("node1").qemu(100).status.current.get() for face in faces]

    assert [status["status"] for status in statuses] == ["running", "stopped"]
