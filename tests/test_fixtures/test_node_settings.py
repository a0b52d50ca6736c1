from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder


@pytest.fixture
def node(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of node1."""
    return mock_builder.build_api().nodes("node1")


def test_local_time_follows_the_timezone(node: Any) -> None:
    node.time.put(timezone="Europe/Vienna")

    time = node.time.get()
    assert (time["timezone"], time["localtime"] - time["time"]) == ("Europe/Vienna", 3600)


@pytest.mark.parametrize("timezone", ["Middle/Earth", "../../etc/passwd"])
def test_unknown_timezone_is_refused(node: Any, timezone: str) -> None:
    with pytest.raises(ResourceException) as raised:
        node.time.put(timezone=timezone)

    assert raised.value.errors == {"timezone": "No such timezone"}


def test_dns_is_replaced(node: Any) -> None:
    node.dns.put(search="lab.test", dns1="192.0.2.53")

    assert node.dns.get() == {"search": "lab.test", "dns1": "192.0.2.53"}


def test_hosts_are_written_on_the_ground_of_their_digest(node: Any) -> None:
    first = node.hosts.get()

    node.hosts.post(data="127.0.0.1 me\n", digest=first["digest"])

    assert node.hosts.get()["data"] == "127.0.0.1 me\n"
    with pytest.raises(ResourceException, match="detected modified configuration"):
        node.hosts.post(data="x", digest=first["digest"])


def test_notes_of_a_node(node: Any) -> None:
    node.config.put(description="rack 4", **{"startall-onboot-delay": 5})
    node.config.put(delete="startall-onboot-delay")

    config = node.config.get()
    assert (config["description"], "startall-onboot-delay" in config) == ("rack 4", False)
    assert node.config.get(property="description") == {"description": "rack 4"}
    assert node.config.get(property="location") == {}


def test_there_is_no_subscription(node: Any) -> None:
    assert node.subscription.get()["status"] == "notfound"
