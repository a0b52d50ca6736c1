"""The guard lets a test reach its own guests, and marks them; here on the double's cluster."""

from collections.abc import Callable
from typing import Any

import pytest
from proxmoxer import ProxmoxAPI

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.fixtures.real import marks
from tests.fixtures.real.errors import GuardError
from tests.fixtures.real.guard import guard_new_clients
from tests.test_fixtures.real_site import MARK, OTHER, POOL, TEST, Lab, make_lab


@pytest.fixture
def lab(mock_builder: ProxmoxAPIMockBuilder) -> Lab:
    mock_builder.with_vm(500, "node1", name="foreign").with_vm(900, "node1", tags="web")
    return make_lab(mock_builder)


def read_config(lab: Lab, vmid: int) -> dict[str, Any]:
    return dict(lab.bare.nodes("node1").qemu(vmid).config.get())


def test_made_guest_is_written_down_named_tagged_and_in_our_pool(lab: Lab) -> None:
    lab.node.qemu.post(vmid=501, memory=512)

    config = read_config(lab, 501)
    assert config["name"] == marks.build_name(MARK, TEST)
    assert tuple(config["tags"].split(";")) == marks.build_tags(MARK, TEST)
    assert [guest["vmid"] for guest in lab.bare.pools(POOL).get()["members"]] == [501]
    assert (lab.written, lab.guard.made) == ([501], [501])


def test_container_is_marked_too(lab: Lab) -> None:
    template = "local:vztmpl/debian.tar.zst"

    sent = lab.guard.admit("POST", "/nodes/qemu-1/lxc", {"vmid": 501, "ostemplate": template})

    assert sent["hostname"] == marks.build_name(MARK, TEST)
    assert sent["tags"] == ";".join(marks.build_tags(MARK, TEST))


def test_name_and_tags_of_the_test_stay(lab: Lab) -> None:
    lab.node.qemu.post(vmid=501, name="web-1", tags="blue")

    assert read_config(lab, 501)["name"] == "web-1"
    assert lab.tags(501) == [*marks.build_tags(MARK, TEST), "blue"]


def test_clone_of_a_template_is_marked_as_ours(lab: Lab) -> None:
    lab.builder.with_task_duration(5)

    lab.node.qemu(900).clone.post(newid=501, name="copy")

    assert read_config(lab, 501)["name"] == "copy"
    assert lab.tags(501) == [*marks.build_tags(MARK, TEST), "web"]
    assert lab.tags(900) == ["web"]


def test_clone_joins_the_pool_of_the_test_once_it_is_marked(lab: Lab) -> None:
    lab.bare.pools.post(poolid="blue")

    lab.node.qemu(900).clone.post(newid=501, pool="blue")

    assert [guest["vmid"] for guest in lab.bare.pools("blue").get()["members"]] == [501]
    assert lab.tags(501) == [*marks.build_tags(MARK, TEST), "web"]


def test_own_guest_may_be_changed(lab: Lab) -> None:
    lab.node.qemu.post(vmid=501)

    lab.node.qemu(501).config.put(memory=1024)
    lab.node.qemu(501).status.start.post()

    assert lab.builder.cluster.guests[501].is_running


def test_own_tags_stay_when_a_test_sets_others(lab: Lab) -> None:
    lab.node.qemu.post(vmid=501)

    lab.node.qemu(501).config.put(tags="green")

    assert lab.tags(501) == [*marks.build_tags(MARK, TEST), "green"]
    with pytest.raises(GuardError, match="ours stay beside"):
        lab.node.qemu(501).config.put(delete="tags")


FOREIGN: list[tuple[str, Callable[[Any], Any]]] = [
    ("start", lambda node: node.qemu(500).status.start.post()),
    ("config", lambda node: node.qemu(500).config.put(memory=1024)),
    ("delete", lambda node: node.qemu(500).delete()),
    ("create over it", lambda node: node.qemu.post(vmid=500, force=1)),
    ("clone onto it", lambda node: node.qemu(900).clone.post(newid=500)),
    ("outside", lambda node: node.qemu(900).status.start.post()),
    ("create outside", lambda node: node.qemu.post(vmid=510)),
    ("bulk", lambda node: node.stopall.post()),
    ("bulk of one", lambda node: node.startall.post(vms="500")),
    ("backup of all", lambda node: node.vzdump.post(all=1)),
    ("its disk", lambda node: node.storage("local-lvm").content("vm-500-disk-0").delete()),
    ("the node", lambda node: node.status.post(command="reboot")),
    ("spelled otherwise", lambda node: node("qemu/500/status/stop").create()),
]


@pytest.mark.parametrize(
    "request_it", [call for _, call in FOREIGN], ids=[name for name, _ in FOREIGN]
)
def test_foreign_guest_is_not_reached(lab: Lab, request_it: Callable[[Any], Any]) -> None:
    with pytest.raises(GuardError, match=r"was not sent: .*; "):
        request_it(lab.node)

    assert set(lab.builder.cluster.guests) == {500, 900}
    assert not lab.builder.cluster.guests[500].is_running
    changes = [call.path for call in lab.builder.calls if call.method != "GET"]
    assert changes == ["/pools"]


def test_guest_of_another_process_is_not_cloned(lab: Lab) -> None:
    tags = ";".join(marks.build_tags(OTHER, TEST))
    lab.builder.with_vm(901, "node1", tags=tags)

    with pytest.raises(GuardError, match=f"guest 901 is of {OTHER.owner}"):
        lab.node.qemu(901).clone.post(newid=501)


def test_reading_and_missing_guests_are_the_clusters_business(lab: Lab) -> None:
    assert lab.node.qemu(900).config.get()["tags"] == "web"

    with pytest.raises(Exception, match=r"502.* does not exist"):
        lab.node.qemu(502).config.put(memory=1024)


def test_marker_allows_what_changes_the_cluster(mock_builder: ProxmoxAPIMockBuilder) -> None:
    lab = make_lab(mock_builder, ["POST /pools", "POST /nodes/*/stopall"])

    lab.api.pools.post(poolid="blue")
    with pytest.raises(GuardError, match=r'say @pytest.mark.real_cluster\(allow=\["DELETE /pools'):
        lab.api.pools("blue").delete()
    with pytest.raises(GuardError, match="reaches guests that it doesn't name"):
        lab.node.stopall.post()


def test_client_that_code_constructs_has_the_guard(lab: Lab) -> None:
    with lab.builder.connect(), guard_new_clients(lab.guard):
        node = ProxmoxAPI("pve.example.test", user="root@pam", password="secret").nodes("node1")

        node.qemu.post(vmid=501)
        with pytest.raises(GuardError, match="guest 500"):
            node.qemu(500).status.start.post()

    assert lab.tags(501) == [*marks.build_tags(MARK, TEST)]


def test_client_of_a_test_that_has_ended_changes_nothing(lab: Lab) -> None:
    lab.guard.is_over = True

    assert lab.node.qemu(900).config.get()
    with pytest.raises(GuardError, match=f"{TEST} has ended"):
        lab.node.qemu.post(vmid=501)
