import pytest

from tests.fixtures.proxmox.schema.parameters import ComplaintError
from tests.fixtures.proxmox.schema.vm_options import VM_OPTIONS

ACCEPTED = {
    "agent": "1",
    "boot": "order=scsi0;net0",
    "cores": 2,
    "ide2": "local-lvm:cloudinit",
    "ipconfig0": "ip=10.0.0.5/24,gw=10.0.0.1",
    "memory": "1024",
    "name": "web-1.example.org",
    "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=5,firewall=1",
    "onboot": True,
    "ostype": "l26",
    "scsi1": "local-lvm:0,import-from=local:import/a.qcow2",
    "serial0": "socket",
    "sshkeys": "ssh-ed25519%20AAAA",
    "startup": "order=1,up=30",
    "tags": "a;b",
    "vga": "std",
    "virtio15": "local-lvm:32,format=raw,iothread=1,mbps_rd=10",
}
REFUSED = {
    "agent": "enabled=1,bogus=1",
    "cores": 0,
    "ipconfig0": "dhcp",
    "lock": "mine",
    "memory": 2,
    "name": "a_b",
    "net0": "virtio,foo=1",
    "scsi0": "local-lvm:8,bogus=1",
    "scsihw": "virtio",
    "serial0": "tcp",
}


@pytest.mark.parametrize(("name", "value"), ACCEPTED.items(), ids=ACCEPTED)
def test_option_is_accepted(name: str, value: object) -> None:
    parameter = VM_OPTIONS.find(name)

    assert parameter is not None
    parameter.read(value)


@pytest.mark.parametrize(("name", "value"), REFUSED.items(), ids=REFUSED)
def test_value_is_refused(name: str, value: object) -> None:
    parameter = VM_OPTIONS.find(name)

    assert parameter is not None
    with pytest.raises(ComplaintError):
        parameter.read(value)


@pytest.mark.parametrize("name", ["core", "ide4", "net32", "scsi31", "memry", "cpus", "ipconfig32"])
def test_option_is_unknown(name: str) -> None:
    assert VM_OPTIONS.find(name) is None


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        pytest.param(
            "net0",
            "virtio,tag=abc",
            "net0.tag: type check ('integer') failed - got 'abc'\n",
            id="type",
        ),
        pytest.param(
            "net0",
            "virtio,tag=5000",
            "net0.tag: value must have a maximum value of 4094\n",
            id="range",
        ),
        pytest.param(
            "net0",
            "bridge=vmbr0",
            "net0.model: property is missing and it is not optional\n",
            id="missing",
        ),
        pytest.param(
            "memory",
            "1G",
            "memory.current: type check ('integer') failed - got '1G'\n",
            id="default key",
        ),
        pytest.param(
            "scsi0",
            "local-lvm:8,ssd=x",
            "scsi0.ssd: type check ('boolean') failed - got 'x'\n",
            id="disk",
        ),
    ],
)
def test_values_in_property_strings_are_checked(name: str, value: str, complaint: str) -> None:
    parameter = VM_OPTIONS.find(name)
    assert parameter is not None

    with pytest.raises(ComplaintError) as complained:
        parameter.read(value)

    assert complained.value.text(name) == f"invalid format - format error\n{complaint}"


@pytest.mark.parametrize("value", ["virtio", "virtio=BC:24:11:00:00:01,tag=5", "model=e1000"])
def test_network_cards_in_every_spelling_are_accepted(value: str) -> None:
    parameter = VM_OPTIONS.find("net0")
    assert parameter is not None

    assert parameter.read(value) == value
