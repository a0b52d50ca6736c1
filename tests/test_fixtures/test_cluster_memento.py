from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.memento import Memento


def test_all_that_the_cluster_has_is_put_back(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm(100).with_pool("blue", [100]).with_bridge("vmbr1").with_user("joe@pve")
    mock_builder.with_firewall_rule(vmid=100).with_firewall_log("a", node="node1")
    api = mock_builder.build_api()
    paths = (
        "pools", "cluster/ha/resources", "access/users", "access/acl", "cluster/options",
        "nodes/node1/network", "nodes/node1/services", "nodes/node1/syslog", "cluster/log",
        "nodes/node1/qemu/100/firewall/rules", "nodes/node1/firewall/log", "nodes/node1/time",
    )  # fmt: skip
    before = [api(path).get() for path in paths]
    memento = Memento(mock_builder.cluster)

    mock_builder.with_pool("red").with_ha(100).with_user("ann@pve", roles={"/": "PVEAdmin"})
    mock_builder.with_firewall_rule("DROP", vmid=100).with_firewall_log("b", node="node1")
    mock_builder.with_syslog("c").with_cluster_log("d")
    api.cluster.options.put(description="x")
    api.nodes("node1").network("vmbr1").delete()
    api.nodes("node1").services("cron").stop.post()
    api.nodes("node1").time.put(timezone="Europe/Vienna")
    mock_builder.with_quorum(quorate=False)
    changed = [api(path).get() for path in paths]
    memento.restore()

    assert all(one != other for one, other in zip(before, changed, strict=True))
    assert [api(path).get() for path in paths] == before
    assert mock_builder.cluster.is_quorate
