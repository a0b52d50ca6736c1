import pytest

from tests.fixtures.proxmox.errors import Refusal
from tests.fixtures.proxmox.guests import read_size
from tests.fixtures.proxmox.vms import Vm


@pytest.mark.parametrize(
    ("is_running", "is_paused", "status", "qmpstatus"),
    [
        pytest.param(False, False, "stopped", "stopped", id="stopped"),
        pytest.param(True, False, "running", "running", id="running"),
        pytest.param(True, True, "running", "paused", id="a paused VM is running"),
    ],
)
def test_status(is_running: bool, is_paused: bool, status: str, qmpstatus: str) -> None:
    guest = Vm(100, "node1", is_running=is_running, is_paused=is_paused)

    assert (guest.status, guest.qmpstatus) == (status, qmpstatus)


def test_sizing_of_a_running_guest_waits_for_the_next_start() -> None:
    guest = Vm(100, "node1", {"cores": 2, "memory": "512"})
    guest.power_on(0, pid=1)
    guest.config.update(cores=4, memory="1024")

    while_running = (guest.cpus, guest.maxmem)
    guest.power_off()

    assert while_running == (2, 512 << 20)
    assert (guest.cpus, guest.maxmem) == (4, 1024 << 20)


@pytest.mark.parametrize(
    ("config", "cpus"),
    [({}, 1), ({"cores": 2, "sockets": 3}, 6), ({"cores": 4, "vcpus": 2}, 2)],
    ids=["default", "cores of all sockets", "vcpus"],
)
def test_cpus(config: dict[str, int | str], cpus: int) -> None:
    assert Vm(100, "node1", config).cpus == cpus


@pytest.mark.parametrize(
    ("volume", "size"),
    [("local-lvm:vm-1-disk-0,size=8G", 8 << 30), ("a:b,size=4M,ssd=1", 4 << 20), ("a:b", 0)],
    ids=["at the end", "in the middle", "none"],
)
def test_read_size(volume: str, size: int) -> None:
    assert read_size(volume) == size


def test_maxdisk_passes_over_cdroms() -> None:
    guest = Vm(
        100, "node1", {"ide2": "local:iso/a.iso,media=cdrom,size=1G", "scsi0": "a:b,size=8G"}
    )

    assert guest.maxdisk == 8 << 30


def test_digest_follows_the_configuration() -> None:
    guest = Vm(100, "node1", {"cores": 2})
    before = guest.digest

    guest.config["cores"] = 3

    assert guest.digest != before
    assert len(before) == 40


def test_uptime_counts_while_running_only() -> None:
    guest = Vm(100, "node1")
    guest.power_on(1000, pid=1)

    running = guest.uptime(1030)
    guest.power_off()

    assert (running, guest.uptime(1040)) == (30, 0)


@pytest.mark.parametrize(
    ("value", "enabled"),
    [("1", True), ("enabled=1,fstrim_cloned_disks=1", True), ("0", False), ("enabled=0", False)],
)
def test_agent_option(value: str, enabled: bool) -> None:
    assert Vm(100, "node1", {"agent": value}).is_agent_enabled is enabled


def test_require_unlocked_names_the_lock() -> None:
    guest = Vm(100, "node1", {"lock": "backup"})

    guest.require_unlocked(besides="backup")

    with pytest.raises(Refusal, match=r"VM is locked \(backup\)"):
        guest.require_unlocked()


def test_require_running_names_the_guest() -> None:
    with pytest.raises(Refusal, match="VM 100 not running"):
        Vm(100, "node1").require_running()
