"""Listing containers, with live figures or without, and from the nodes when the cluster fails."""

import json
from typing import Any

import pytest

from tests.fixtures.mock_helpers import impossible
from tests.fixtures.proxmox.guests import Guest
from tests.suite.cluster_time import ClusterTime
from tests.suite.lab import NAME, NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

GIB = 1 << 30


def entry_of(guest: Guest, *, cores: object = 1) -> str:
    """Return what the list must say of a container of 512 MiB, a quarter of it used."""
    cpu, used = ("2.0", "128.00 MiB") if guest.is_running else ("0.0", "0.00 B")
    percent = "25.0" if guest.is_running else "0.0"
    return (
        f"{guest.name} (ID: {guest.vmid})\n"
        f"  - Status: {guest.status.upper()}\n"
        f"  - Node: {guest.node}\n"
        f"  - CPU: {cpu}%\n"
        f"  - CPU Cores: {cores}\n"
        f"  - Memory: {used} / 512.00 MiB ({percent}%)"
    )


def listing_of(lab: Lab, *nodes: str, **options: object) -> str:
    """Return what the list must say about the containers of the nodes."""
    guests = lab.builder.cluster.guests.values()
    chosen = [guest for guest in guests if guest.kind == "lxc" and guest.node in nodes]
    return "\n\n".join(["Containers", *(entry_of(guest, **options) for guest in chosen)])


def list_as_json(lab: Lab, **options: object) -> list[dict[str, Any]]:
    [content] = lab.build_tools().get_containers(format_style="json", **options)
    return list(json.loads(content.text))


def stats_of(rows: list[dict[str, Any]], lab: Lab) -> dict[str, Any]:
    [row] = [row for row in rows if row["vmid"] == lab.vmid]
    return row


def test_list_shows_the_containers_of_all_nodes_or_one(lab: Lab) -> None:
    tools = lab.build_tools()

    listings = [tools.get_containers(), tools.get_containers(node=NODE)]

    expected = [listing_of(lab, OTHER_NODE, NODE), listing_of(lab, NODE)]
    assert [[content.text for content in listing] for listing in listings] == [
        [text] for text in expected
    ]
    sent = ("/cluster/resources", {"type": "vm"})
    assert [(call.path, call.params) for call in lab.builder.calls] == [sent] * 2


def test_list_as_json_has_the_figures_of_the_cluster(running_lab: Lab) -> None:
    running_lab.builder.with_container_usage(running_lab.vmid, NODE, cpu=0.125, mem=48 << 20)
    running_lab.builder.with_container_config(NODE, running_lab.vmid, {"cores": 3, "memory": 192})

    row = stats_of(list_as_json(running_lab, node=NODE), running_lab)

    assert row == {
        "vmid": running_lab.vmid,
        "name": NAME,
        "node": NODE,
        "status": "running",
        "cpu_pct": 12.5,
        "mem_bytes": 48 << 20,
        "maxmem_bytes": 192 << 20,
        "mem_pct": 25.0,
        "cores": 3,
    }


def test_list_with_stats_asks_each_container_once_in_five_seconds(
    running_lab: Lab, cluster_time: ClusterTime
) -> None:
    figures = {"cpu": 0.5, "mem": 3 << 28}
    running_lab.builder.with_container_usage(running_lab.vmid, NODE, **figures)
    limits = {"cores": None, "cpulimit": "1.5", "memory": 1024}
    running_lab.builder.with_container_config(NODE, running_lab.vmid, limits)

    rows = list_as_json(running_lab, node=NODE, include_stats=True, include_raw=True)
    tools = running_lab.build_tools()
    read = []
    for seconds in (0, 4.9, 0.2):
        cluster_time.sleep(seconds)
        [plain] = tools.get_containers(NODE, include_stats=True, format_style="json")
        read.append(running_lab.reads.count(f"{running_lab.path}/status/current"))

    assert read == [2, 2, 3]
    assert not any("raw_config" in row or "raw_status" in row for row in json.loads(plain.text))
    row = stats_of(rows, running_lab)
    config, status = row.pop("raw_config"), row.pop("raw_status")
    assert config == {**running_lab.guest.config, "digest": running_lab.guest.digest}
    assert (status["vmid"], status["mem"]) == (int(running_lab.vmid), 3 << 28)
    assert row == {
        "vmid": running_lab.vmid, "name": NAME, "node": NODE, "status": "running",
        "cpu_pct": 50.0, "cores": 1.5, "memory": 1024, "mem_bytes": 3 << 28,
        "maxmem_bytes": GIB, "mem_pct": 75.0, "unlimited_memory": False,
    }  # fmt: skip
    asked = [path for path in running_lab.reads if path.startswith(running_lab.path)]
    assert asked == [f"{running_lab.path}/status/current", f"{running_lab.path}/config"] * 3


def test_list_with_stats_takes_what_is_missing_from_elsewhere(lab: Lab) -> None:
    mock: Any = lab.builder.build()
    guest = mock.nodes(NODE).lxc(lab.vmid)
    guest.rrddata.get.return_value = [{"cpu": 0.9}, {"cpu": 0.25, "mem": GIB, "maxmem": 4 * GIB}]
    guest.status.current.get.return_value = impossible({"status": "stopped", "mem": 5})
    configs = [{"memory": 2048, "swap": 0, "cores": 2}, {"swap": 0}, {"swap": 512, "cpulimit": "0"}]

    rows, memory = [], []
    for config in configs:
        guest.config.get.return_value = config
        tools = lab.build_mocked_tools()
        [answer] = tools.get_containers(NODE, include_stats=True, format_style="json")
        rows.append(stats_of(json.loads(answer.text), lab))
        [listing] = tools.get_containers(NODE, include_stats=True)
        memory.append(listing.text.rpartition("  - Memory: ")[2])
    guest.rrddata.get.return_value = []
    [bare] = lab.build_mocked_tools().get_containers(NODE, include_stats=True)

    keys = ("cpu_pct", "cores", "memory", "mem_bytes", "maxmem_bytes", "mem_pct")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        (25.0, 2, 2048, GIB, 2 * GIB, 50.0),
        (25.0, None, 4096, GIB, 4 * GIB, 25.0),
        (25.0, None, 4096, GIB, 4 * GIB, 25.0),
    ]
    assert [row["unlimited_memory"] for row in rows] == [False, True, False]
    assert memory == [
        "1.00 GiB / 2.00 GiB (50.0%)",
        "1.00 GiB (unlimited)",
        "1.00 GiB / 4.00 GiB (25.0%)",
    ]
    assert "  - CPU: 25.0%\n  - CPU Cores: N/A\n" in listing.text
    assert bare.text.endswith("  - CPU: 0.0%\n  - CPU Cores: N/A\n  - Memory: 0.00 B / 0.00 B")
    assert guest.rrddata.get.call_args.kwargs == {"timeframe": "hour"}


def test_list_falls_back_to_the_nodes_as_far_as_they_answer(lab: Lab) -> None:
    nodes = [(OTHER_NODE, NODE), (NODE,), (NODE,)]
    expected = [listing_of(lab, *names, cores="N/A") for names in nodes]
    lab.builder.with_path_error("GET", "/cluster/resources", "got timeout")
    tools = lab.build_tools()

    listings = [tools.get_containers(), tools.get_containers(NODE)]
    lab.builder.with_node(OTHER_NODE, online=False)
    listings.append(tools.get_containers())

    assert [listing[0].text for listing in listings] == expected
    assert [len(listing) for listing in listings] == [1, 1, 2]
    report = json.loads(listings[2][1].text)
    assert (report["success"], report["code"]) == (False, "INCOMPLETE_INVENTORY")
    assert [warning.split(":")[0] for warning in report["warnings"]] == [OTHER_NODE]
    assert [path for path in lab.reads if path.endswith("/lxc")] == [
        f"/nodes/{node}/lxc" for node in (OTHER_NODE, NODE, NODE, OTHER_NODE, NODE)
    ]

    lab.builder.with_path_error("GET", "/nodes", "no quorum", times=1)
    for node in (OTHER_NODE, NODE):
        lab.builder.with_path_error("GET", f"/nodes/{node}/lxc", "no quorum", times=2)
    tools = lab.build_tools()

    refusals = [refusal_of(tools.get_containers, node) for node in (None, None, NODE)]

    reason = "500 Internal Server Error: no quorum"
    assert refusals == [
        f"RuntimeError: Failed to Failed to list containers: Failed to list containers: {reason}",
        "RuntimeError: Failed to Failed to list containers: Container inventory is unavailable: "
        f"{OTHER_NODE}: {reason}; {NODE}: {reason}",
        f"RuntimeError: Failed to Failed to list containers: Failed to list containers: {reason}",
    ]


def test_list_copes_with_answers_of_odd_shape(lab: Lab) -> None:
    mock: Any = lab.builder.build()
    mock.cluster.resources.get.return_value = impossible([
        "odd", {"type": "lxc", "vmid": 1}, {"type": "lxc", "node": NODE},
        {"type": "lxc", "id": "lxc/901", "node": NODE, "status": "stopped"},
        {"type": "qemu", "vmid": 902, "node": NODE},
    ])  # fmt: skip
    tools = lab.build_mocked_tools()

    answers = [tools.get_containers(format_style="json")]
    mock.cluster.resources.get.return_value = impossible({"data": []})
    mock.nodes(OTHER_NODE).lxc.get.return_value = impossible(
        {"data": [{"vmid": 903, "hostname": "h"}]}
    )
    mock.nodes(NODE).lxc.get.return_value = impossible(["904", "odd"])
    answers.append(tools.get_containers(format_style="json"))

    found = [[(row["vmid"], row["name"]) for row in json.loads(one.text)] for [one] in answers]
    assert found == [[("901", "ct-901")], [("903", "h"), ("904", "ct-904")]]
