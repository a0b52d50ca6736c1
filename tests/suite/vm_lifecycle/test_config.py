"""Reading and changing a VM's configuration, with every refusal of bad input."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from proxmoxer.core import ResourceException

from tests.suite.lab import NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

ReadJson = Callable[[Any], dict[str, Any]]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7 admin@example"
ISO = "local:iso/rescue.iso"
AT_NEXT_BOOT = "cloud-init settings are applied by the guest at its next boot"
AFTER_RESTART = "sizing changes on a running VM stay pending until it is restarted"


def update(lab: Lab, **settings: object) -> Any:
    return lab.build_tools().update_vm_config(**lab.params, **settings)


def test_config_is_read_whole(lab: Lab, read_json: ReadJson) -> None:
    answer = read_json(lab.build_tools().get_vm_config(**lab.params))

    assert answer == {**lab.guest.config, "digest": lab.guest.digest, "vmid": lab.vmid}


def test_config_that_cannot_be_read_says_why(lab: Lab) -> None:
    kinds = {
        "no quorum": "RuntimeError: Failed to get_vm_config",
        "permission denied": "ValueError: Permission denied",
        "ticket not found": "ValueError: Resource not found",
        "invalid format": "ValueError: Invalid input",
    }
    for reason in kinds:
        lab.builder.with_operation_error("config", reason, times=1)

    refusals = [refusal_of(lab.build_tools().get_vm_config, **lab.params) for _ in kinds]

    assert refusals == [
        f"{kind}: 500 Internal Server Error: {reason}" for reason, kind in kinds.items()
    ]


def test_description_is_replaced(lab: Lab, read_json: ReadJson) -> None:
    lab.builder.with_vm(lab.vmid, NODE, description="old notes")
    set_description = lab.build_tools().set_vm_description
    texts = ["Front end, owner: web team", ""]

    answers = [read_json(set_description(**lab.params, description=text)) for text in texts]

    sent = [{"description": text} for text in texts]
    assert lab.changes == [("PUT", f"{lab.path}/config", params) for params in sent]
    assert lab.guest.config["description"] == ""
    assert answers == [{**lab.params, **params} for params in sent]


def test_update_stores_the_settings(lab: Lab, read_json: ReadJson) -> None:
    settings = {
        "memory": 16,
        "cores": 1,
        "sockets": 1,
        "name": "Web-9",
        "ciuser": "_svc-deploy",
        "ipconfig0": "ip=10.0.0.5/24,gw=10.0.0.1",
        "nameserver": "10.0.0.53",
        "searchdomain": "example.org",
        "tags": "web;blue",
    }
    before = dict(lab.guest.config)

    answer = read_json(update(lab, **settings))

    assert lab.changes == [("PUT", f"{lab.path}/config", settings)]
    assert lab.guest.config == {**before, **settings, "memory": "16"}
    assert answer == {
        "vmid": lab.vmid,
        "node": NODE,
        "applied": settings,
        "notes": [AT_NEXT_BOOT, AFTER_RESTART],
    }


def test_update_says_when_the_setting_applies(running_lab: Lab, read_json: ReadJson) -> None:
    notes: list[tuple[dict[str, object], list[str]]] = [
        ({"memory": 8192}, [AFTER_RESTART]),
        ({"ciuser": "deploy"}, [AT_NEXT_BOOT]),
        ({"ipconfig0": "ip=dhcp"}, [AT_NEXT_BOOT]),
        ({"tags": "web"}, []),
    ]

    answers = [read_json(update(running_lab, **settings)) for settings, _ in notes]

    assert [(answer["applied"], answer["notes"]) for answer in answers] == notes
    assert [params for _, _, params in running_lab.changes] == [settings for settings, _ in notes]
    assert running_lab.guest.maxmem == 2048 << 20


NO_KEY = "sshkeys must be OpenSSH public keys, one per line"
NO_NAME = "name must be a valid DNS label (letters, digits and hyphens)"
NO_ADDRESS = "ipconfig0 must look like 'ip=dhcp' or 'ip=10.0.0.5/24,gw=10.0.0.1'"
BAD_INPUT: list[tuple[dict[str, object], str]] = [
    ({}, "update_vm_config needs at least one setting to change"),
    ({"memory": 15}, "memory must be at least 16 MiB"),
    ({"memory": 4096, "cores": 0}, "cores must be at least 1"),
    ({"sockets": 0}, "sockets must be at least 1"),
    ({"name": "-web"}, NO_NAME),
    ({"name": "we b"}, NO_NAME),
    ({"sshkeys": " \n"}, "sshkeys must contain at least one public key"),
    ({"sshkeys": "secret"}, NO_KEY),
    ({"sshkeys": f"{KEY}\nx"}, NO_KEY),
    ({"ciuser": "Root"}, "ciuser must be a valid Unix user name"),
    ({"ciuser": "a" * 33}, "ciuser must be a valid Unix user name"),
    ({"ipconfig0": "dhcp"}, NO_ADDRESS),
    ({"ipconfig0": "ip=dhcp,dns=x"}, NO_ADDRESS),
    ({"network_bridge": "vmbr0,tag=1"}, "network_bridge must be a valid interface name"),
    ({"boot_order": "floppy"}, "boot_order must be semicolon-separated VM device names"),
    (
        {"iso_volume": "local:backup/x"},
        "iso_volume must be a storage ISO volume ID or 'none' to eject",
    ),
    (
        {"iso_volume": ISO, "cdrom_device": "scsi31"},
        "cdrom_device must be a valid IDE, SATA or SCSI device",
    ),
]


def test_update_refuses_bad_input_without_a_request(lab: Lab) -> None:
    refusals = [refusal_of(update, lab, **settings) for settings, _ in BAD_INPUT]

    assert refusals == [f"ValueError: {message}" for _, message in BAD_INPUT]
    assert lab.builder.calls == []


def test_update_sends_ssh_keys_percent_encoded(lab: Lab, read_json: ReadJson) -> None:
    answer = read_json(update(lab, sshkeys=f"  {KEY}\n\n{KEY}\n"))

    stored = str(lab.guest.config["sshkeys"])
    assert not set(stored) & set(" \n/@+")
    assert unquote(stored) == f"{KEY}\n{KEY}"
    assert (answer["applied"], answer["notes"]) == ({"sshkeys": "2 key(s)"}, [AT_NEXT_BOOT])


def test_update_of_the_bridge_keeps_the_rest_of_the_card(lab: Lab, read_json: ReadJson) -> None:
    card = "virtio=BC:24:11:00:AA:01,bridge=vmbr0,firewall=1,tag=12"
    lab.builder.with_vm(lab.vmid, NODE, net0=card)
    digest = lab.guest.digest

    answer = read_json(update(lab, network_bridge="vmbr3"))

    changed = {"net0": card.replace("vmbr0", "vmbr3")}
    assert lab.changes == [("PUT", f"{lab.path}/config", {**changed, "digest": digest})]
    assert answer["applied"] == changed


def test_update_changes_the_cdrom(lab: Lab, read_json: ReadJson) -> None:
    lab.builder.with_content(ISO, node=lab.node)
    digest = lab.guest.digest

    answer = read_json(update(lab, iso_volume=ISO, boot_order="ide3;scsi0"))
    update(lab, iso_volume="none")

    inserted = {"ide3": f"{ISO},media=cdrom", "boot": "order=ide3;scsi0"}
    assert lab.changes[0] == ("PUT", f"{lab.path}/config", {**inserted, "digest": digest})
    assert answer["applied"] == inserted
    assert lab.guest.config["ide3"] == "none,media=cdrom"


def test_update_of_devices_refuses_what_the_vm_does_not_allow(lab: Lab) -> None:
    lab.builder.with_vm(lab.vmid, NODE, net0=None)

    refusals = [
        refusal_of(update, lab, network_bridge="vmbr3"),
        refusal_of(update, lab, iso_volume=ISO, cdrom_device="scsi0"),
    ]

    assert refusals == [
        "ValueError: VM has no net0 interface to update",
        "ValueError: Refusing to replace an existing disk or cloud-init drive; "
        "choose another cdrom_device",
    ]
    assert lab.changes == []


def test_update_of_a_missing_vm_is_refused(empty_lab: Lab) -> None:
    with pytest.raises(ValueError, match=f"^VM {empty_lab.vmid} not found on node {NODE}$") as e:
        update(empty_lab, memory=1024)

    assert isinstance(e.value.__cause__, ResourceException)


def test_update_of_a_locked_vm_is_refused(lab: Lab) -> None:
    lab.builder.with_vm(lab.vmid, NODE, description="old notes", lock="migrate")
    set_description = lab.build_tools().set_vm_description

    refusals = [
        refusal_of(update, lab, memory=1024),
        refusal_of(set_description, **lab.params, description="new"),
    ]

    reason = "500 Internal Server Error: VM is locked (migrate)"
    tools = ["update_vm_config", "set_vm_description"]
    assert refusals == [f"RuntimeError: Failed to {tool}: {reason}" for tool in tools]
    assert (lab.guest.config["memory"], lab.guest.config["description"]) == ("2048", "old notes")
