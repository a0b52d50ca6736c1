"""Scenarios about nodes, the cluster, pools, users and firewalls."""

from typing import Final

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.truth.play import Play
from tests.truth.scenario import Scenarios

SCENARIOS: Final = Scenarios()


def stopped(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_vm(100, name="web")


@SCENARIOS.add()
def pools(play: Play) -> None:
    play.get("pools")
    play.post("pools", poolid="lab", comment="for tests")
    play.get("pools")
    play.post("pools", poolid="lab")
    play.delete("pools/lab")
    play.get("pools/lab")
    play.post("pools")


@SCENARIOS.add(stopped)
def pool_members(play: Play) -> None:
    play.post("pools", poolid="lab")
    play.put("pools/lab", vms="100")
    play.get("pools/lab")
    play.delete("pools/lab")
    play.put("pools/lab", vms="100", delete=1)
    play.delete("pools/lab")


@SCENARIOS.add(stopped)
def create_in_a_pool_that_is_not_there(play: Play) -> None:
    play.post("nodes/node1/qemu", vmid=101, pool="nowhere")


@SCENARIOS.add(stopped)
def firewall_rules_of_a_vm(play: Play) -> None:
    rules = "nodes/node1/qemu/100/firewall/rules"
    play.get(rules)
    play.post(rules, type="in", action="ACCEPT", proto="tcp", dport="22", enable=1)
    play.get(rules)
    play.post(rules, type="sideways", action="ACCEPT")
    play.delete(f"{rules}/0")
    play.get(rules)
    play.get("nodes/node1/qemu/100/firewall/options")


@SCENARIOS.add()
def status_of_the_cluster(play: Play) -> None:
    play.get("cluster/status")


@SCENARIOS.add(stopped)
def tasks_of_the_cluster(play: Play) -> None:
    play.post("nodes/node1/qemu/100/status/start")
    play.get("cluster/tasks")


@SCENARIOS.add()
def unknown_parameters_of_reads(play: Play) -> None:
    play.get("nodes/node1/rrddata")
    play.get("nodes/node1/rrddata", timeframe="minute")
    play.get("nodes/node1/syslog", bogus=1)
    play.get("nodes/node1/network", type="bogus")
