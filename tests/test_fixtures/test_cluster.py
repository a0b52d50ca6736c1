import pytest

from tests.fixtures.proxmox.cluster import Cluster, Node
from tests.fixtures.proxmox.errors import Refusal
from tests.fixtures.proxmox.storages import Storage
from tests.fixtures.proxmox.vms import Vm


def make_cluster() -> Cluster:
    cluster = Cluster()
    cluster.add_node(Node("node1"))
    cluster.guests[100] = Vm(100, "node1")
    return cluster


def test_guest_is_found_on_its_node() -> None:
    cluster = make_cluster()

    assert cluster.vm("node1", 100) is cluster.guests[100]


@pytest.mark.parametrize(("node", "vmid"), [("node1", 999), ("node2", 100)], ids=["id", "node"])
def test_guest_that_is_elsewhere_is_refused(node: str, vmid: int) -> None:
    cluster = make_cluster()

    with pytest.raises(Refusal) as refused:
        cluster.vm(node, vmid)

    expected = f"Configuration file 'nodes/{node}/qemu-server/{vmid}.conf' does not exist"
    assert refused.value.message == expected


def test_unknown_node_is_refused_as_a_failed_lookup() -> None:
    with pytest.raises(Refusal, match=r"hostname lookup 'nope' failed .* service not known"):
        make_cluster().reach("nope")


def test_offline_node_is_refused_with_595() -> None:
    cluster = make_cluster()
    cluster.nodes["node1"].is_online = False

    with pytest.raises(Refusal) as refused:
        cluster.reach("node1")

    assert refused.value.status == 595


def test_unknown_storage_is_refused() -> None:
    with pytest.raises(Refusal, match="storage 'nope' does not exist"):
        make_cluster().storage("nope")


def test_next_vmid_is_the_lowest_free_one() -> None:
    cluster = make_cluster()
    cluster.guests[102] = Vm(102, "node1")

    assert cluster.next_vmid() == 101


def test_ids_are_fresh_and_the_same_in_every_cluster() -> None:
    first, second = make_cluster(), make_cluster()

    ids = [[c.next_mac(), c.next_mac(), c.next_uuid(), c.next_uuid()] for c in (first, second)]

    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 4
    assert ids[0][0] == "BC:24:11:00:00:01"


def test_default_storages_are_not_shared_between_clusters() -> None:
    first, second = make_cluster(), make_cluster()

    first.storages["local"].used += 1

    assert second.storages["local"].used != first.storages["local"].used


def test_storage_may_be_bound_to_nodes() -> None:
    storage = Storage("fast", "dir", ("images",), nodes=("node2",))

    assert (storage.is_on("node1"), storage.is_on("node2")) == (False, True)
