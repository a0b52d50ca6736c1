"""What an operator does with several tools in a row: keep, move, install, and see through."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.suite.cluster_time import ClusterTime
from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of
from tests.suite.toolbox import Toolbox

pytestmark = pytest.mark.integration

CONFIRMED = (True, True, True, True)


@pytest.fixture
def tools(lab: Lab) -> Toolbox:
    """All tools, on the API face of the lab."""
    return Toolbox(lab.builder.with_storage("vault", kind="nfs", content="backup").build_api())


def test_deleted_vm_comes_back_from_its_backup_on_another_node(lab: Lab, tools: Toolbox) -> None:
    lab.builder.with_vm(lab.vmid, NODE, "running", name="web-1", memory=4096)

    tools.backups.create_backup(NODE, lab.vmid, "vault", notes="kept")
    tools.vms.delete_vm(NODE, lab.vmid, force=True)
    [listing] = tools.backups.list_backups(node=OTHER_NODE, vmid=lab.vmid)
    [volid] = re.findall(r"Volume ID: (\S+)", listing.text)
    tools.backups.restore_backup(OTHER_NODE, volid, lab.vmid, unique=False)
    tools.backups.delete_backup(OTHER_NODE, "vault", volid)
    [afterwards] = tools.backups.list_backups(vmid=lab.vmid)

    assert (lab.guest.node, lab.guest.name, lab.guest.maxmem) == (OTHER_NODE, "web-1", 4 << 30)
    assert "Notes: kept" in listing.text
    assert afterwards.text == f"No backups found for VM/CT {lab.vmid}"
    kinds = ["vzdump", "qmstop", "qmdestroy", "qmrestore", "imgdel"]
    assert [(kind, status) for kind, *_, status in lab.tasks] == [(kind, "OK") for kind in kinds]


def test_vm_is_installed_from_a_downloaded_iso(empty_lab: Lab, tools: Toolbox) -> None:
    url = "https://example.test/debian.iso"
    sizes = {"name": "web-1", "cpus": 2, "memory": 2048, "disk_size": 8}
    tools.files.download_iso(NODE, "local", url, "debian.iso")
    [listing] = tools.files.list_isos(node=NODE)
    [volid] = re.findall(r"Volume ID: (\S+)", listing.text)

    tools.vms.create_vm(**empty_lab.params, **sizes, iso_volume=volid)
    tools.vms.start_vm(**empty_lab.params)
    tools.files.delete_iso(NODE, "local", volid)

    assert empty_lab.guest.status == "running"
    config = empty_lab.guest.config
    assert (str(config["ide3"]).split(",")[0], config["boot"]) == (volid, "order=ide3;scsi0")
    assert tools.files.list_isos()[0].text == "No ISO images found"
    assert {status for *_, status in empty_lab.tasks} == {"OK"}


def test_operator_waits_for_a_node_that_reboots(
    lab: Lab, tools: Toolbox, cluster_time: ClusterTime
) -> None:
    lab.builder.with_node_offline(NODE, times=3)

    [listing] = tools.nodes.get_nodes()
    [diagnostics] = tools.nodes.get_node_diagnostics(NODE)
    lab.builder.clock.advance(5)
    [afterwards] = tools.nodes.get_nodes()
    tools.vms.start_vm(**lab.params)

    offline = f"[node] {NODE}\n  - Status: OFFLINE"
    assert (offline in listing.text, "OFFLINE" in afterwards.text) == (True, False)
    assert '"complete": true' in diagnostics.text
    assert cluster_time.slept_s == [0.2, 0.4]
    assert lab.guest.status == "running"


def test_running_vm_is_moved_once_it_is_shut_down(lab: Lab, tools: Toolbox) -> None:
    lab.set_status("running")

    blocked = refusal_of(tools.vms.migrate_vm, NODE, lab.vmid, OTHER_NODE, *CONFIRMED)
    tools.vms.shutdown_vm(**lab.params)
    tools.vms.migrate_vm(NODE, lab.vmid, OTHER_NODE, *CONFIRMED)
    refusal = refusal_of(tools.vms.start_vm, **lab.params)
    tools.vms.start_vm(OTHER_NODE, lab.vmid)
    [log] = tools.logs.get_cluster_log()
    [task_log] = tools.logs.get_task_log(NODE, lab.upids[1])

    assert blocked.startswith("ValueError: Migration blocked: offline migration requires")
    assert refusal == f"ValueError: VM {lab.vmid} not found on node {NODE}"
    assert (lab.guest.node, lab.guest.status) == (OTHER_NODE, "running")
    kinds = [("qmshutdown", NODE), ("qmigrate", NODE), ("qmstart", OTHER_NODE)]
    assert [(kind, node) for kind, node, *_ in lab.tasks] == kinds
    assert all(f"end task {upid} OK" in log.text for upid in lab.upids)
    assert task_log.text.endswith("TASK OK")


def test_many_guests_are_backed_up_from_threads_on_one_api(
    lab: Lab, tools: Toolbox, vmid_factory: Callable[[], int]
) -> None:
    vmids = [str(vmid_factory()) for _ in range(16)]
    for number, vmid in enumerate(vmids):
        if number % 2:
            lab.builder.with_vm(vmid, NODE)
        else:
            lab.builder.with_container(vmid, NODE)
    backups = tools.backups

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda vmid: backups.create_backup(NODE, vmid, "vault"), vmids))

    archives = lab.builder.cluster.storages["vault"].volumes(NODE).values()
    assert sorted(str(archive.vmid) for archive in archives) == sorted(vmids)
    assert len(set(lab.upids)) == 16
    [listing] = backups.list_backups(node=NODE)
    assert sorted(re.findall(r"VM/CT (\d+)", listing.text)) == sorted(vmids)
