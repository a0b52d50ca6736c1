import pytest

from tests.fixtures.proxmox.schema.container_options import (
    CONTAINER_OPTIONS,
    MOUNT_POINT,
    NETWORK,
)
from tests.fixtures.proxmox.schema.parameters import ComplaintError

ACCEPTED = {
    "arch": "arm64",
    "cpulimit": "1.5",
    "dev0": "/dev/fuse,mode=0666,gid=5",
    "entrypoint": "/sbin/init",
    "env": "A=1\0B=2",
    "features": "nesting=1,keyctl=1,mount=nfs;cifs",
    "hookscript": "local:snippets/x.sh",
    "hostname": "web-1.example.org",
    "memory": 1024,
    "mp255": "local-lvm:4,mp=/data,mountoptions=noatime;nosuid,size=4G,ro=1",
    "nameserver": "1.1.1.1 2606:4700::1 fe80::1%eth0",
    "net0": "name=eth0,ip=10.0.0.5/24,gw=10.0.0.1,ip6=auto,hwaddr=BC:24:11:00:00:01,tag=5",
    "net31": "name=eth1,ip=dhcp,ip6=2001:db8::1/64,gw6=fe80::1,rate=1.5,trunks=1;2,type=veth",
    "rootfs": "volume=local-lvm:8,idmap=u:0:100000:65536;g:0:100000:65536",
    "searchdomain": "a.example b.example",
    "startup": "order=1,up=30",
    "swap": 0,
    "tags": "a;b.c",
    "timezone": "host",
    "unused0": "local-lvm:vm-200-disk-9",
}


@pytest.mark.parametrize(("name", "value"), ACCEPTED.items(), ids=ACCEPTED)
def test_option_is_accepted(name: str, value: object) -> None:
    parameter = CONTAINER_OPTIONS.find(name)

    assert parameter is not None
    parameter.read(value)


_UNLIKE = "invalid format - value does not look like a valid"
_ERROR = "invalid format - format error\n"
_PATTERN = "value does not match the regex pattern"
_MISSING = "property is missing and it is not optional"


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("hostname", "a_b", f"{_UNLIKE} DNS name\n"),
        ("hostname", "a" * 256, "value may only be 255 characters long"),
        ("swap", -1, "value must have a minimum value of 0"),
        ("cores", 8193, "value must have a maximum value of 8192"),
        ("nameserver", "1.1.1.1 x", f"{_UNLIKE} IP address\n"),
        ("searchdomain", "a_b", f"{_UNLIKE} DNS name\n"),
        ("startup", "soon", "invalid format - unable to parse startup options\n"),
        ("tags", "a b$", "invalid format - invalid characters in tag\n"),
        ("hookscript", "x", "invalid format - unable to parse volume ID 'x'\n"),
        ("env", "A", _PATTERN),
        ("features", "bogus=1",
         "invalid format - invalid key in comma-separated list property: bogus\n"),
        ("features", "nesting",
         "invalid format - value without key, but schema does not define a default key\n"),
        ("features", "nesting=1,nesting=0",
         "invalid format - duplicate key in comma-separated list property: nesting\n"),
        ("features", "nesting=", "invalid format - missing key in comma-separated list property\n"),
        ("features", "nesting=7",
         f"{_ERROR}features.nesting: type check ('boolean') failed - got '7'\n"),
        ("net0", "bridge=vmbr0", f"{_ERROR}net0.name: {_MISSING}\n"),
        ("net3", "name=a,hwaddr=zz,tag=9999",
         f"{_ERROR}net3.hwaddr: {_UNLIKE} unicast MAC address\n\n"
         "net3.tag: value must have a maximum value of 4094\n"),
        ("net0", "name=a,hwaddr=01:00:00:00:00:01",
         f"{_ERROR}net0.hwaddr: {_UNLIKE} unicast MAC address\n\n"),
        ("net0", "name=a,ip=1.2.3.4", f"{_ERROR}net0.ip: {_UNLIKE} ipv4 network configuration\n\n"),
        ("net0", "name=a,ip=1.2.3.4/33",
         f"{_ERROR}net0.ip: {_UNLIKE} ipv4 network configuration\n\n"),
        ("net0", "name=a,ip6=x", f"{_ERROR}net0.ip6: {_UNLIKE} ipv6 network configuration\n\n"),
        ("net0", "name=a,gw=fe80::1", f"{_ERROR}net0.gw: {_UNLIKE} IPv4 address\n\n"),
        ("net0", "name=a,gw6=1.1.1.1", f"{_ERROR}net0.gw6: {_UNLIKE} IPv6 address\n\n"),
        ("net0", "name=a,type=foo",
         f"{_ERROR}net0.type: value 'foo' does not have a value in the enumeration 'veth'\n"),
        ("mp0", "local-lvm:1", f"{_ERROR}mp0.mp: {_MISSING}\n"),
        ("mp0", "local-lvm:1,mp=/../x",
         f"{_ERROR}mp0.mp: invalid format - /../x contains illegal character sequences\n\n"),
        ("rootfs", "local-lvm:1,mountoptions=foo", f"{_ERROR}rootfs.mountoptions: {_PATTERN}\n"),
        ("dev0", "fuse",
         f"{_ERROR}dev0.path: invalid format - fuse is not a valid device path\n\n"),
        ("dev0", "/dev/fuse,mode=666", f"{_ERROR}dev0.mode: {_PATTERN}\n"),
        ("unused0", "x",
         f"{_ERROR}unused0.volume: invalid format - unable to parse volume ID 'x'\n\n"),
    ],
)  # fmt: skip
def test_value_is_refused(name: str, value: object, complaint: str) -> None:
    parameter = CONTAINER_OPTIONS.find(name)

    assert parameter is not None
    with pytest.raises(ComplaintError) as raised:
        parameter.read(value)
    assert raised.value.text(name) == complaint


@pytest.mark.parametrize("name", ["core", "net32", "mp256", "ide0", "name", "password", "lxc"])
def test_option_is_unknown(name: str) -> None:
    assert CONTAINER_OPTIONS.find(name) is None


def test_properties_are_written_as_proxmox_orders_them() -> None:
    mount_point = MOUNT_POINT.parse("size=1G,backup=1,mp=/x,volume=a:b")
    card = NETWORK.parse("ip=dhcp,bridge=b,name=eth0")

    assert MOUNT_POINT.render(mount_point) == "a:b,mp=/x,backup=1,size=1G"
    assert NETWORK.render(card) == "name=eth0,bridge=b,ip=dhcp"
