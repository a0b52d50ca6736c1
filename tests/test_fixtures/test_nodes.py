from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder


@pytest.fixture
def api(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of two nodes; VM 100 on node1 runs, VM 101 comes up with the node."""
    mock_builder.with_vm(100, status="running").with_vm(101, status="running", onboot=1)
    return mock_builder.with_node("node2").build_api()


def test_nodes_have_fingerprints_of_their_own(api: Any) -> None:
    prints = [node["ssl_fingerprint"] for node in api.nodes.get()]

    assert len(set(prints)) == 2
    assert all(len(one.split(":")) == 32 for one in prints)


@pytest.mark.parametrize(
    ("path", "key", "part"),
    [
        ("nodes/node1", "name", "qemu"),
        ("nodes/node1/apt", "id", "versions"),
        ("nodes/node1/disks", "name", "list"),
        ("nodes/node1/hardware", "type", "pci"),
        ("nodes/node1/apt/versions", "Package", "pve-manager"),
        ("nodes/node1/disks/list", "devpath", "/dev/sda"),
        ("nodes/node1/netstat", "vmid", "100"),
    ],
)
def test_lists(api: Any, path: str, key: str, part: str) -> None:
    assert part in [entry[key] for entry in api(path).get()]


@pytest.mark.parametrize("path", ["apt/update", "hardware/usb", "replication"])
def test_node_has_none_of_these(api: Any, path: str) -> None:
    assert api("nodes/node1")(path).get() == []


def test_network_cards_are_devices_only_when_asked_for(api: Any) -> None:
    pci = api.nodes("node1").hardware.pci

    assert [one["class"] for one in pci.get(verbose=0)] == ["0x020000"]
    assert "vendor_name" in pci.get()[0]
    assert pci.get(**{"pci-class-blacklist": "02"}) == []


def test_partitions_of_a_disk(api: Any) -> None:
    disks = api.nodes("node1").disks.list.get(**{"include-partitions": 1})

    assert [(one["devpath"], one.get("parent")) for one in disks] == [
        ("/dev/sda", None),
        ("/dev/sda1", "/dev/sda"),
    ]
    assert api.nodes("node1").disks.list.get(type="unused") == []


@pytest.mark.parametrize(
    ("timeframe", "step", "count"), [("hour", 60, 60), ("week", 1800, 336), ("year", 21600, 1464)]
)
def test_rrddata_ends_now(api: Any, timeframe: str, step: int, count: int) -> None:
    points = api.nodes("node1").rrddata.get(timeframe=timeframe)

    assert len(points) == count
    assert points[1]["time"] - points[0]["time"] == step
    assert points == api.nodes("node1").rrddata.get(timeframe=timeframe)
    assert 0 < points[-1]["memused"] < points[-1]["memtotal"]


def test_rrddata_needs_a_timeframe(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    with mock_builder.expect_violation(), pytest.raises(ResourceException) as raised:
        api.nodes("node1").rrddata.get()

    assert list(raised.value.errors) == ["timeframe"]


def test_report_tells_of_the_guests(api: Any) -> None:
    assert "100 vm-100 running" in api.nodes("node1").report.get()


def test_reboot_restarts_what_comes_up_with_the_node(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.clock.advance(60)

    api.nodes("node1").status.post(command="reboot")

    states = {vm["vmid"]: vm["status"] for vm in api.nodes("node1").qemu.get()}
    assert states == {100: "stopped", 101: "running"}
    assert api.nodes("node1").status.get()["uptime"] == 0


def test_node_that_was_shut_down_is_offline(api: Any) -> None:
    api.nodes("node1").status.post(command="shutdown")

    assert [node["status"] for node in api.nodes.get()] == ["offline", "online"]
    with pytest.raises(ResourceException) as raised:
        api.nodes("node1").status.get()
    assert raised.value.status_code == 595
