"""Reading and changing a VM's configuration, with every refusal of bad input."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.vm_data_factory import ProxmoxAPIResponseFactory
from tests.suite.lab import NODE, OTHER_NODE, Lab

pytestmark = pytest.mark.unit

ReadJson = Callable[[Any], dict[str, Any]]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7 admin@example"
ISO = "local:iso/rescue.iso"


def update(lab: Lab, **settings: object) -> Any:
    return lab.build_tools().update_vm_config(**lab.params, **settings)


def test_config_is_read_whole(lab: Lab, read_json: ReadJson) -> None:
    answer = read_json(lab.build_tools().get_vm_config(**lab.params))

    assert answer == {**lab.guest.config, "digest": lab.guest.digest, "vmid": lab.vmid}


def test_config_of_a_missing_vm_cannot_be_read(empty_lab: Lab) -> None:
    with pytest.raises(
        RuntimeError, match=f"^Failed to get_vm_config: 500 .*{empty_lab.vmid}.conf"
    ):
        empty_lab.build_tools().get_vm_config(**empty_lab.params)


def test_config_of_another_node_does_not_have_the_vm(lab: Lab) -> None:
    with pytest.raises(RuntimeError, match=f"nodes/{OTHER_NODE}/qemu-server/{lab.vmid}.conf"):
        lab.build_tools().get_vm_config(OTHER_NODE, lab.vmid)


@pytest.mark.parametrize("text", ["Front end, owner: web team", ""], ids=["set", "cleared"])
def test_description_is_replaced(lab: Lab, read_json: ReadJson, text: str) -> None:
    lab.builder.with_vm(lab.vmid, NODE, description="old notes")

    answer = read_json(lab.build_tools().set_vm_description(**lab.params, description=text))

    assert lab.guest.config["description"] == text
    assert answer == {"vmid": lab.vmid, "node": NODE, "description": text}


def test_description_is_set_at_once_and_not_by_a_task(lab: Lab) -> None:
    lab.build_tools().set_vm_description(**lab.params, description="notes")

    assert lab.changes == [("PUT", f"{lab.path}/config", {"description": "notes"})]
    assert lab.tasks == []


def test_description_of_a_locked_vm_stays(lab: Lab) -> None:
    lab.builder.with_vm(lab.vmid, NODE, description="old notes", lock="backup")

    with pytest.raises(RuntimeError, match=r"set_vm_description: 500 .*locked \(backup\)"):
        lab.build_tools().set_vm_description(**lab.params, description="new")

    assert lab.guest.config["description"] == "old notes"


@pytest.mark.parametrize(
    ("setting", "value", "stored"),
    [
        ("memory", 4096, "4096"),
        ("memory", 16, "16"),
        ("cores", 6, 6),
        ("cores", 1, 1),
        ("sockets", 2, 2),
        ("name", "web-9", "web-9"),
        ("ciuser", "_svc-deploy", "_svc-deploy"),
        ("ipconfig0", "ip=dhcp", "ip=dhcp"),
        ("ipconfig0", "ip=10.0.0.5/24,gw=10.0.0.1", "ip=10.0.0.5/24,gw=10.0.0.1"),
        ("nameserver", "10.0.0.53", "10.0.0.53"),
        ("searchdomain", "example.org", "example.org"),
        ("tags", "web;blue", "web;blue"),
    ],
)
def test_update_stores_the_setting(lab: Lab, setting: str, value: object, stored: object) -> None:
    before = dict(lab.guest.config)

    update(lab, **{setting: value})

    assert lab.changes == [("PUT", f"{lab.path}/config", {setting: value})]
    assert lab.guest.config == {**before, setting: stored}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({}, "needs at least one setting", id="nothing"),
        pytest.param({"memory": 15}, "memory must be at least 16 MiB", id="memory"),
        pytest.param({"cores": 0}, "cores must be at least 1", id="cores"),
        pytest.param({"sockets": 0}, "sockets must be at least 1", id="sockets"),
        pytest.param({"name": "-web"}, "name must be a valid DNS label", id="name's start"),
        pytest.param({"name": "we b"}, "name must be a valid DNS label", id="name's space"),
        pytest.param({"sshkeys": " \n"}, "at least one public key", id="no keys"),
        pytest.param({"sshkeys": "secret"}, "must be OpenSSH public keys", id="no key"),
        pytest.param({"sshkeys": f"{KEY}\nx"}, "must be OpenSSH public keys", id="second key"),
        pytest.param({"ciuser": "Root"}, "must be a valid Unix user name", id="user's capital"),
        pytest.param({"ciuser": "a" * 33}, "must be a valid Unix user name", id="user's length"),
        pytest.param({"ipconfig0": "dhcp"}, "ipconfig0 must look like", id="address"),
        pytest.param({"ipconfig0": "ip=dhcp,dns=x"}, "ipconfig0 must look like", id="address key"),
        pytest.param({"network_bridge": "vmbr0,tag=1"}, "valid interface name", id="bridge"),
        pytest.param({"boot_order": "floppy"}, "semicolon-separated", id="boot order"),
        pytest.param({"iso_volume": "local:backup/x"}, "storage ISO volume ID", id="iso"),
        pytest.param(
            {"iso_volume": ISO, "cdrom_device": "scsi31"}, "must be a valid IDE", id="device"
        ),
    ],
)
def test_update_refuses_bad_input_without_a_request(
    lab: Lab, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        update(lab, **settings)

    assert lab.builder.calls == []


def test_update_of_one_bad_setting_stores_none(lab: Lab) -> None:
    before = dict(lab.guest.config)

    with pytest.raises(ValueError, match=r"cores must be"):
        update(lab, memory=4096, cores=0)

    assert lab.guest.config == before


def test_update_says_what_it_applied(lab: Lab, read_json: ReadJson) -> None:
    answer = read_json(update(lab, memory=4096, cores=4))

    assert (answer["vmid"], answer["node"]) == (lab.vmid, NODE)
    assert answer["applied"] == {"memory": 4096, "cores": 4}
    assert answer["notes"] == ["sizing changes on a running VM stay pending until it is restarted"]


def test_update_of_cloud_init_says_when_it_applies(lab: Lab, read_json: ReadJson) -> None:
    answer = read_json(update(lab, ciuser="deploy"))

    assert answer["notes"] == ["cloud-init settings are applied by the guest at its next boot"]


def test_update_sends_ssh_keys_percent_encoded(lab: Lab, read_json: ReadJson) -> None:
    answer = read_json(update(lab, sshkeys=f"  {KEY}\n\n{KEY}\n"))

    stored = str(lab.guest.config["sshkeys"])
    assert not set(stored) & set(" \n/@+")
    assert unquote(stored) == f"{KEY}\n{KEY}"
    assert answer["applied"] == {"sshkeys": "2 key(s)"}


def test_update_of_a_running_vm_waits_for_its_restart(running_lab: Lab) -> None:
    update(running_lab, memory=8192)

    assert running_lab.guest.config["memory"] == "8192"
    assert running_lab.guest.maxmem == 2048 << 20


def test_update_of_the_bridge_keeps_the_rest_of_the_card(lab: Lab) -> None:
    card = "virtio=BC:24:11:00:AA:01,bridge=vmbr0,firewall=1,tag=12"
    lab.builder.with_vm(lab.vmid, NODE, net0=card)

    update(lab, network_bridge="vmbr3")

    assert lab.guest.config["net0"] == card.replace("vmbr0", "vmbr3")


def test_update_of_the_bridge_needs_a_card(lab: Lab) -> None:
    lab.builder.with_vm(lab.vmid, NODE, net0=None)

    with pytest.raises(ValueError, match=r"^VM has no net0 interface to update$"):
        update(lab, network_bridge="vmbr3")

    assert lab.changes == []


@pytest.mark.parametrize(
    ("volume", "kept"),
    [(ISO, f"{ISO},media=cdrom,size=512M"), ("none", "none,media=cdrom")],
    ids=["inserted", "ejected"],
)
def test_update_changes_the_cdrom(lab: Lab, volume: str, kept: str) -> None:
    lab.builder.with_content(ISO, node=lab.node)

    update(lab, iso_volume=volume, boot_order="ide3;scsi0")

    assert lab.guest.config["ide3"] == kept
    assert lab.guest.config["boot"] == "order=ide3;scsi0"


def test_update_never_replaces_a_disk_by_a_cdrom(lab: Lab) -> None:
    with pytest.raises(ValueError, match=r"^Refusing to replace an existing disk"):
        update(lab, iso_volume=ISO, cdrom_device="scsi0")

    assert lab.changes == []


def test_update_of_devices_sends_the_digest_that_it_read(lab: Lab, read_json: ReadJson) -> None:
    digest = lab.guest.digest

    answer = read_json(update(lab, boot_order="net0"))

    sent = {"boot": "order=net0", "digest": digest}
    assert lab.changes == [("PUT", f"{lab.path}/config", sent)]
    assert answer["applied"] == {"boot": "order=net0"}


def test_update_of_devices_loses_to_a_change_in_between(lab: Lab) -> None:
    mock: Any = lab.builder.build()
    mock.nodes(NODE).qemu(lab.vmid).config.get.return_value = {"digest": "0" * 40}

    with pytest.raises(RuntimeError, match=r"checksum mismatch"):
        lab.build_mocked_tools().update_vm_config(**lab.params, boot_order="net0")

    assert lab.guest.config["boot"] == "order=scsi0"


def test_update_of_a_missing_vm_is_refused(empty_lab: Lab) -> None:
    with pytest.raises(ValueError, match=f"^VM {empty_lab.vmid} not found on node {NODE}$") as e:
        update(empty_lab, memory=1024)

    assert isinstance(e.value.__cause__, ResourceException)


def test_update_of_a_locked_vm_is_refused(lab: Lab) -> None:
    lab.builder.with_vm(lab.vmid, NODE, lock="migrate")

    with pytest.raises(RuntimeError, match=r"^Failed to update_vm_config: 500 .*\(migrate\)"):
        update(lab, memory=1024)

    assert lab.guest.config["memory"] == "2048"


def test_update_without_the_privilege_fails(lab: Lab) -> None:
    reason = f"Permission check failed (/vms/{lab.vmid}, VM.Config.Memory)"
    error = ProxmoxAPIResponseFactory().create_error_response(reason, status=403)
    lab.builder.with_operation_error("update", error)

    with pytest.raises(RuntimeError, match=r"403 Forbidden: Permission check failed"):
        update(lab, memory=1024)

    assert lab.guest.config["memory"] == "2048"
