"""Reading and changing a container's configuration: notes, addresses, network and resources."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.mock_helpers import impossible
from tests.suite.job_store import FakeJobStore, Job
from tests.suite.lab import NAME, NODE, OTHER_NODE, Lab, add_guest
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

ReadJson = Callable[[Any], dict[str, Any]]
CARD = "name=eth0,bridge=vmbr0,firewall=1,hwaddr=BC:24:11:00:AA:01,ip=dhcp,tag=12,type=veth"


def test_config_and_addresses_are_read_whole(running_lab: Lab, read_json: ReadJson) -> None:
    lab = running_lab
    mock: Any = lab.builder.build()
    interfaces = mock.nodes(NODE).lxc(lab.vmid).interfaces.get
    interfaces.return_value = [
        {"name": "lo", "inet": "127.0.0.1/8"},
        {"name": "eth1", "inet6": "fd00::5/64"},
        {"name": "eth0", "inet": "10.0.0.5/24"},
        {"iface": "eth2", "inet": "10.0.0.6/24"},
    ]

    config = read_json(lab.build_tools().get_container_config(**lab.params))
    address = read_json(lab.build_mocked_tools().get_container_ip(**lab.params))

    assert config == {**lab.guest.config, "digest": lab.guest.digest, "vmid": lab.vmid}
    assert address == {
        "vmid": lab.vmid,
        "name": NAME,
        "interfaces": [
            {"name": "eth1", "inet6": "fd00::5/64"},
            {"name": "eth0", "inet": "10.0.0.5/24"},
            {"name": "eth2", "inet": "10.0.0.6/24"},
        ],
        "primary_ip": "10.0.0.5",
    }
    assert lab.reads == [f"{lab.path}/config", f"{lab.path}/interfaces", f"{lab.path}/config"]
    assert lab.changes == []


def test_description_is_replaced_or_says_why_not(lab: Lab, read_json: ReadJson) -> None:
    lab.builder.with_container_config(NODE, lab.vmid, {"description": "old notes"})
    tools = lab.build_tools()
    texts = ["Front end, owner: web team", ""]

    answers = [
        read_json(tools.set_container_description(**lab.params, description=text)) for text in texts
    ]
    lab.builder.with_container_config(NODE, lab.vmid, {"lock": "backup"})
    missing = {"node": OTHER_NODE, "vmid": lab.vmid}
    refusals = [
        refusal_of(tools.set_container_description, **lab.params, description="new"),
        refusal_of(tools.get_container_config, **missing),
        refusal_of(tools.get_container_ip, **missing),
    ]

    sent = [{"description": text} for text in [*texts, "new"]]
    assert lab.changes == [("PUT", f"{lab.path}/config", params) for params in sent]
    assert "description" not in lab.guest.config
    assert answers == [{**lab.params, **params} for params in sent[:2]]
    reason = f"Configuration file 'nodes/{OTHER_NODE}/lxc/{lab.vmid}.conf' does not exist"
    failed = "500 Internal Server Error:"
    assert refusals == [
        f"RuntimeError: Failed to set_container_description: {failed} CT is locked (backup)",
        f"RuntimeError: Failed to get_container_config: {failed} {reason}",
        f"RuntimeError: Failed to get_container_ip: {failed} {reason}",
    ]


def test_network_update_keeps_the_rest_of_the_card(lab: Lab, read_json: ReadJson) -> None:
    lab.builder.with_container_config(NODE, lab.vmid, {"net1": CARD})
    update = lab.build_tools().update_container_network
    fixed = {"ip": "10.0.0.5/24", "gw": "10.0.0.1", "ip6": "auto"}
    settings = [{"network_bridge": "vmbr0", **fixed}, {"gw": ""}, {"ip": "dhcp", "ip6": "manual"}]
    digests, answers = [], []
    for setting in settings:
        digests.append(lab.guest.digest)
        answers.append(read_json(update(**lab.params, interface="net1", **setting)))

    static = CARD.replace("dhcp", "10.0.0.5/24") + ",ip6=auto,gw=10.0.0.1"
    # Proxmox stores the fields in an order of its own.
    without_gateway = CARD.replace("dhcp", "10.0.0.5/24,ip6=auto")
    cards = [static, without_gateway, CARD.replace("dhcp", "dhcp,ip6=manual")]
    assert lab.changes == [
        ("PUT", f"{lab.path}/config", {"net1": card, "digest": digest})
        for card, digest in zip(cards, digests, strict=True)
    ]
    assert answers == [{**lab.params, "applied": {"net1": card}} for card in cards]


BAD_INPUT: list[tuple[dict[str, str], str]] = [
    ({}, "update_container_network needs at least one setting"),
    ({"interface": "net32", "ip": "dhcp"}, "interface must be net0 through net31"),
    ({"interface": "net1", "ip": "dhcp"}, "Container has no net1 interface to update"),
    ({"network_bridge": "vmbr0,tag=1"}, "network_bridge must be a valid interface name"),
    ({"ip": "10.0.0.5"}, "ip must be IPv4/CIDR or a supported automatic mode"),
    ({"gw": "10.0.0.1"}, "gw requires a static ip address"),
]


def test_network_update_refuses_bad_input_and_a_digest_that_is_old(lab: Lab) -> None:
    update = lab.build_tools().update_container_network
    refusals = [refusal_of(update, **lab.params, **settings) for settings, _ in BAD_INPUT]
    refused = list(lab.changes)
    mock: Any = lab.builder.build()
    config = mock.nodes(NODE).lxc(lab.vmid).config
    config.get.return_value = {"net0": CARD, "digest": "0" * 40}

    with pytest.raises(Exception, match=r"detected modified configuration"):
        lab.build_mocked_tools().update_container_network(**lab.params, ip="manual")

    config.get.return_value = impossible({"net0": "odd"})
    odd = refusal_of(lab.build_mocked_tools().update_container_network, **lab.params, ip="dhcp")

    assert refusals == [f"ValueError: {message}" for _, message in BAD_INPUT]
    assert odd == "ValueError: Existing network configuration cannot be safely merged"
    assert refused == []
    assert "ip=dhcp" in str(lab.guest.config["net0"])


def test_resources_are_set_and_the_disk_grows(running_lab: Lab, job_store: FakeJobStore) -> None:
    lab = running_lab
    tools = lab.build_tools(job_store=job_store)
    settings = {"cores": 3, "memory": 1024, "swap": 0}

    text, results = tools.update_container_resources(f"{NODE}:{lab.vmid}", **settings, disk_gb=4)

    resize = {"disk": "rootfs", "size": "+4G"}
    assert lab.changes == [
        ("PUT", f"{lab.path}/config", settings),
        ("PUT", f"{lab.path}/resize", resize),
    ]
    assert lab.tasks == [("resize", NODE, lab.vmid, "OK")]
    assert (lab.guest.cpus, lab.guest.maxmem, lab.guest.maxdisk) == (3, 1024 << 20, 12 << 30)
    assert job_store.jobs == [
        Job("update_container_resources", f"Resize container {lab.vmid} rootfs", NODE,
            lab.upids[0], {"disk": "rootfs", "increment": "+4G"}, None, None, None)
    ]  # fmt: skip
    says = "cores=3, memory=1024MiB, swap=0MiB, rootfs+=4G"
    target = f"{NAME} (ID: {lab.vmid}, node: {NODE})"
    assert text.text == f"Update Container Resources\n\nOK {target} - {says}"
    assert json.loads(results.text) == [{
        "ok": True, "node": NODE, "vmid": int(lab.vmid), "name": NAME, "message": says,
        "status": "submitted", "task_id": lab.upids[0], "job_id": "job-1",
    }]  # fmt: skip


def test_resources_are_changed_only_as_told(lab: Lab) -> None:
    add_guest(
        lab.builder,
        "lxc",
        lab.spare_vmid,
        node=OTHER_NODE,
        name="second",
        mp0="local-lvm:2,mp=/srv",
    )
    update = lab.build_tools().update_container_resources
    calls: list[tuple[str, dict[str, Any]]] = [
        (NAME, {}),
        (NAME, {"cores": 1}),
        (NAME, {"memory": 2048, "disk_gb": 0}),
        ("second", {"disk_gb": 3, "disk": "mp0"}),
        ("second", {"disk_gb": 1, "disk": "mp7"}),
    ]

    results = []
    for selector, options in calls:
        [content] = update(selector, format_style="json", **options)
        results += json.loads(content.text)

    other = f"/nodes/{OTHER_NODE}/lxc/{lab.spare_vmid}/resize"
    assert [result["ok"] for result in results] == [True, True, False, True, False]
    assert [result.get("message") for result in results] == [
        "no changes", "cores=1", None, "mp0+=3G", None,
    ]  # fmt: skip
    assert results[2]["error"] == "500 Internal Server Error: disk is already at specified size"
    assert "job_id" in results[3]
    assert lab.changes == [
        ("PUT", f"{lab.path}/config", {"cores": 1}),
        ("PUT", f"{lab.path}/config", {"memory": 2048}),
        ("PUT", f"{lab.path}/resize", {"disk": "rootfs", "size": "+0G"}),
        ("PUT", other, {"disk": "mp0", "size": "+3G"}),
        ("PUT", other, {"disk": "mp7", "size": "+1G"}),
    ]
