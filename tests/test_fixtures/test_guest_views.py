from itertools import pairwise
from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.containers import Container
from tests.fixtures.proxmox.schema.results import UPID

KINDS = pytest.mark.parametrize("kind", ["qemu", "lxc"])


@pytest.fixture
def node(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of node1 with the stopped VM 100 and the stopped container 200."""
    config: dict[str, str | int] = {"hostname": "ct", "rootfs": "local-lvm:vm-200-disk-0,size=8G"}
    mock_builder.with_vm(100).cluster.guests[200] = Container(200, "node1", config)
    return mock_builder.build_api().nodes("node1")


def guest_of(node: Any, kind: str) -> Any:
    return node.qemu(100) if kind == "qemu" else node.lxc(200)


@pytest.mark.parametrize(
    ("kind", "subdir"), [("qemu", "agent"), ("qemu", "snapshot"), ("lxc", "interfaces")]
)
def test_index_names_what_is_below_a_guest(node: Any, kind: str, subdir: str) -> None:
    assert {"subdir": subdir} in guest_of(node, kind).get()


@KINDS
def test_index_of_the_status(node: Any, kind: str) -> None:
    assert guest_of(node, kind).status.get()[0] == {"subdir": "current"}


@KINDS
@pytest.mark.parametrize("view", ["", "status", "pending"])
def test_view_of_a_missing_guest_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, kind: str, view: str
) -> None:
    mock_builder.cluster.guests.clear()

    with pytest.raises(ResourceException, match=r"\.conf' does not exist"):
        guest_of(node, kind)(view).get()


@KINDS
def test_nothing_is_pending_for_a_stopped_guest(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, kind: str
) -> None:
    mock_builder.with_snapshot("s1", 100).with_snapshot("s1", 200)
    guest = mock_builder.cluster.guests[100 if kind == "qemu" else 200]

    entries = guest_of(node, kind).pending.get()

    expected = {**guest.config, "digest": guest.digest, "parent": "s1"}
    assert entries == [{"key": key, "value": expected[key]} for key in sorted(expected)]


def test_sizing_of_a_running_vm_is_pending(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_vm(100, status="running", cores=2, memory=1024, sockets=1)
    node.qemu(100).config.put(cores=8, vcpus=4, delete="sockets", description="new")

    entries = {entry.pop("key"): entry for entry in node.qemu(100).pending.get()}

    assert entries["cores"] == {"value": 2, "pending": 8}
    assert entries["vcpus"] == {"pending": 4}
    assert entries["sockets"] == {"value": 1, "delete": 1}
    assert entries["memory"] == {"value": "1024"}
    assert entries["description"] == {"value": "new"}


def test_pending_sizing_arrives_with_the_next_start(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_vm(100, status="running")
    node.qemu(100).config.put(cores=8)

    node.qemu(100).status.reboot.post()

    assert {"key": "cores", "value": 8} in node.qemu(100).pending.get()


@KINDS
@pytest.mark.parametrize(
    ("timeframe", "step_s"),
    [("hour", 60), ("day", 1800), ("week", 10_800), ("month", 43_200), ("year", 604_800)],
)
def test_figures_have_70_points(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, kind: str, timeframe: str, step_s: int
) -> None:
    points = guest_of(node, kind).rrddata.get(timeframe=timeframe, cf="AVERAGE")

    times = [point["time"] for point in points]
    assert len(points) == 70
    assert {later - earlier for earlier, later in pairwise(times)} == {step_s}
    assert mock_builder.clock.now - step_s < times[-1] <= mock_builder.clock.now


def test_figures_begin_with_the_start(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.clock.advance(3600)
    mock_builder.with_vm(100, status="running")
    mock_builder.clock.advance(600)

    points = node.qemu(100).rrddata.get(timeframe="hour")

    busy = [point["time"] for point in points if point["mem"] > 0]
    assert (len(busy), busy[-1]) == (11, mock_builder.clock.now)
    assert {point["maxmem"] for point in points} == {2048 << 20}
    assert set(points[0]) == {
        "time", "cpu", "maxcpu", "mem", "maxmem", "disk", "maxdisk", "diskread", "diskwrite",
        "netin", "netout",
    }  # fmt: skip


@pytest.mark.parametrize("params", [{}, {"timeframe": "decade"}], ids=["missing", "unknown"])
def test_figures_without_a_timeframe_are_a_violation(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, params: dict[str, str]
) -> None:
    with mock_builder.expect_violation(), pytest.raises(ResourceException) as raised:
        node.qemu(100).rrddata.get(**params)

    assert list(raised.value.errors) == ["timeframe"]


@KINDS
@pytest.mark.parametrize("console", ["vncproxy", "termproxy"])
def test_console_of_a_running_guest_opens(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, kind: str, console: str
) -> None:
    mock_builder.with_vm(100, status="running", serial0="socket")
    mock_builder.cluster.guests[200].power_on(0, 1)

    answers = [guest_of(node, kind)(console).post() for _ in range(2)]

    assert [answer["port"] for answer in answers] == ["5900", "5901"]
    assert answers[0]["ticket"] != answers[1]["ticket"]
    assert (answers[0]["user"], UPID.complaint(answers[0]["upid"])) == ("root@pam", None)
    assert ("cert" in answers[0]) is (console == "vncproxy")
    assert node.tasks(answers[0]["upid"]).status.get()["exitstatus"] == "OK"


@KINDS
@pytest.mark.parametrize(
    ("console", "failure"),
    [("vncproxy", "Failed to run vncproxy."), ("termproxy", "failed: exit code 1")],
)
def test_console_of_a_stopped_guest_fails_in_its_task(
    node: Any, kind: str, console: str, failure: str
) -> None:
    answer = guest_of(node, kind)(console).post()

    status = node.tasks(answer["upid"]).status.get()
    assert (status["type"], answer["ticket"][:7]) == ("vncproxy", "PVEVNC:")
    assert status["exitstatus"].endswith(failure)


@pytest.mark.parametrize("serial", [None, "serial1"])
def test_terminal_needs_its_serial_port(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, serial: str | None
) -> None:
    mock_builder.with_vm(100, status="running", serial2="socket")

    upid = node.qemu(100).termproxy.post(serial=serial)["upid"]

    ok = node.tasks(upid).status.get()["exitstatus"] == "OK"
    assert ok is (serial is None)


def test_console_password_is_made_on_demand(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_vm_status("running", 100)

    answers = [
        node.qemu(100).vncproxy.post(**{"generate-password": flag, "websocket": 1})
        for flag in (0, 1)
    ]

    assert [len(answer.get("password", "")) for answer in answers] == [0, 8]


@KINDS
@pytest.mark.parametrize(
    ("view", "verb"), [("rrd", "get"), ("spiceproxy", "post"), ("vncwebsocket", "get")]
)
def test_view_is_not_simulated(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, kind: str, view: str, verb: str
) -> None:
    with mock_builder.expect_violation(), pytest.raises(ResourceException, match="501"):
        getattr(guest_of(node, kind)(view), verb)()
