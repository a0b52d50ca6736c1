"""Giving a VM a serial console: a change of the configuration behind several checks."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.suite.lab import NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

ReadJson = Callable[[Any], dict[str, Any]]


def configure(lab: Lab) -> Any:
    tool = lab.build_tools().configure_vm_serial_console
    return tool(**lab.params, confirm_display_change=True)


def test_serial_console_replaces_the_display(lab: Lab, read_json: ReadJson) -> None:
    digest = lab.guest.digest

    answer = read_json(configure(lab))

    sent = {"serial0": "socket", "vga": "serial0", "digest": digest}
    assert lab.changes == [("PUT", f"{lab.path}/config", sent)]
    assert (lab.guest.config["serial0"], lab.guest.config["vga"]) == ("socket", "serial0")
    assert answer == {
        "success": True,
        "changed": True,
        "vmid": lab.vmid,
        "serial0": "socket",
        "vga": "serial0",
        "note": "Guest must enable console=ttyS0,115200n8 and serial-getty.",
    }


def test_serial_console_that_is_there_is_left_alone(lab: Lab, read_json: ReadJson) -> None:
    lab.builder.with_vm(lab.vmid, NODE, serial0="socket", vga="serial0")

    answer = read_json(configure(lab))

    assert answer == {
        "success": True,
        "changed": False,
        "vmid": lab.vmid,
        "serial0": "socket",
        "vga": "serial0",
    }
    assert lab.changes == []


def test_serial_console_of_an_unfit_vm_is_refused(lab: Lab) -> None:
    no_guest = "Locked VM or template cannot be modified"
    unfit: list[tuple[dict[str, Any], str]] = [
        ({"status": "running"}, "VM must be stopped before configuration changes"),
        ({"lock": "backup"}, no_guest),
        ({"template": 1}, no_guest),
        ({"serial0": "/dev/ttyS0"}, "serial0 is already configured differently"),
    ]

    refusals = []
    for options, _ in unfit:
        lab.builder.with_vm(lab.vmid, NODE, **options)
        refusals.append(refusal_of(configure, lab))

    assert refusals == [f"ValueError: {message}" for _, message in unfit]
    assert lab.changes == []


def test_serial_console_refuses_a_bad_call_without_a_request(lab: Lab) -> None:
    tool = lab.build_tools().configure_vm_serial_console
    vmids = ["99", "0100", "1000000000", "abc"]

    refusals = [refusal_of(tool, NODE, vmid, confirm_display_change=True) for vmid in vmids]
    unconfirmed = refusal_of(tool, **lab.params)

    reason = "Invalid VM ID: use a canonical ID between 100 and 999999999"
    assert refusals == [f"ValueError: {reason}"] * len(vmids)
    reason = "confirm_display_change=True required: existing display changes"
    assert unconfirmed == f"ValueError: {reason}"
    assert lab.builder.calls == []


def test_serial_console_reports_a_submission_of_unknown_outcome(
    lab: Lab, read_json: ReadJson
) -> None:
    lab.builder.with_operation_error("update", "got timeout")

    answer = read_json(configure(lab))

    assert answer == {
        "success": False,
        "status": "unknown",
        "retryable": False,
        "code": "SUBMISSION_UNCERTAIN",
        "node": NODE,
        "vmid": lab.vmid,
        "message": "Inspect Proxmox tasks, VM config and location before retrying",
    }
    assert "serial0" not in lab.guest.config
