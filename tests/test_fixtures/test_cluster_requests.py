from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError


@pytest.fixture
def api(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of the cluster `lab` of two nodes."""
    return mock_builder.with_node("node2").with_cluster_name("lab").build_api()


def test_status_of_the_cluster(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_quorum(quorate=False)

    whole, first, second = api.cluster.status.get()

    assert (whole["name"], whole["nodes"], whole["quorate"]) == ("lab", 2, 0)
    assert [first["nodeid"], second["nodeid"]] == [1, 2]
    assert (first["local"], second["local"], second["ip"]) == (1, 0, "198.51.100.2")


def test_another_node_answers_when_the_first_is_offline(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_node("node1", online=False)

    states = [(one["name"], one["local"], one["online"]) for one in api.cluster.status.get()[1:]]

    assert states == [("node1", 0, 0), ("node2", 1, 1)]


def test_node_that_stands_alone(mock_builder: ProxmoxAPIMockBuilder) -> None:
    cluster = mock_builder.with_cluster_name(None).build_api().cluster

    assert [one["type"] for one in cluster.status.get()] == ["node"]
    assert (cluster.config.nodes.get(), cluster.config.totem.get()) == ([], {})
    with pytest.raises(ResourceException, match="node is not in a cluster"):
        cluster.config.join.get()


def test_several_nodes_need_a_name(mock_builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(DoubleError, match="has a name"):
        mock_builder.with_node("node2").with_cluster_name(None)


def test_join_information(api: Any) -> None:
    info = api.cluster.config.join.get(node="node2")

    assert info["preferred_node"] == "node2"
    assert [node["name"] for node in info["nodelist"]] == ["node1", "node2"]
    assert info["totem"]["cluster_name"] == "lab"
    with pytest.raises(ResourceException, match="unknown node 'node9'"):
        api.cluster.config.join.get(node="node9")


def test_options_are_kept(api: Any) -> None:
    api.cluster.options.put(description="d", max_workers=3, **{"registered-tags": "b;a"})
    api.cluster.options.put(delete="description")

    options = api.cluster.options.get()
    assert (options["max_workers"], options["allowed-tags"]) == (3, ["a", "b"])
    assert "description" not in options


def test_nextid_keeps_to_its_range(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    api.cluster.options.put(**{"next-id": "lower=500,upper=502"})

    assert api.cluster.nextid.get() == "500"
    mock_builder.with_vm(500).with_vm(501)
    with pytest.raises(ResourceException, match=r"any free VMID in range \[500, 502\]"):
        api.cluster.nextid.get()


@pytest.mark.parametrize(
    ("path", "key", "part"),
    [("", "name", "ha"), ("/config", "name", "join"), ("/config/nodes", "node", "node2")],
)
def test_lists(api: Any, path: str, key: str, part: str) -> None:
    assert part in [entry[key] for entry in api(f"cluster{path}").get()]


def test_nothing_is_replicated(api: Any) -> None:
    assert api.cluster.replication.get() == []
    assert api.cluster.config.apiversion.get() == 1
