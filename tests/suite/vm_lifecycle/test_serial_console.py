"""Giving a VM a serial console: a change of the configuration behind several checks."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.suite.lab import NODE, Lab

pytestmark = pytest.mark.unit

ReadJson = Callable[[Any], dict[str, Any]]


def configure(lab: Lab, *, confirm: bool = True) -> Any:
    tools = lab.build_tools()
    return tools.configure_vm_serial_console(**lab.params, confirm_display_change=confirm)


def test_serial_console_replaces_the_display(lab: Lab, read_json: ReadJson) -> None:
    digest = lab.guest.digest

    answer = read_json(configure(lab))

    sent = {"serial0": "socket", "vga": "serial0", "digest": digest}
    assert lab.changes == [("PUT", f"{lab.path}/config", sent)]
    assert (lab.guest.config["serial0"], lab.guest.config["vga"]) == ("socket", "serial0")
    assert (answer["success"], answer["changed"]) == (True, True)


def test_serial_console_that_is_there_is_left_alone(lab: Lab, read_json: ReadJson) -> None:
    lab.builder.with_vm(lab.vmid, NODE, serial0="socket", vga="serial0")

    answer = read_json(configure(lab))

    assert (answer["success"], answer["changed"]) == (True, False)
    assert lab.changes == []


def test_serial_console_needs_a_confirmation(lab: Lab) -> None:
    with pytest.raises(ValueError, match=r"confirm_display_change=True required"):
        configure(lab, confirm=False)

    assert lab.builder.calls == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"status": "running"}, "VM must be stopped", id="running"),
        pytest.param({"lock": "backup"}, "Locked VM or template", id="locked"),
        pytest.param({"template": 1}, "Locked VM or template", id="template"),
        pytest.param({"serial0": "/dev/ttyS0"}, "already configured differently", id="device"),
    ],
)
def test_serial_console_of_an_unfit_vm_is_refused(
    lab: Lab, options: dict[str, Any], message: str
) -> None:
    lab.builder.with_vm(lab.vmid, NODE, **options)

    with pytest.raises(ValueError, match=message):
        configure(lab)

    assert lab.changes == []


@pytest.mark.parametrize("vmid", ["99", "0100", "1000000000", "abc"])
def test_serial_console_refuses_an_id_that_is_none(lab: Lab, vmid: str) -> None:
    tools = lab.build_tools()

    with pytest.raises(ValueError, match=r"^Invalid VM ID"):
        tools.configure_vm_serial_console(NODE, vmid, confirm_display_change=True)

    assert lab.builder.calls == []


def test_serial_console_reports_a_submission_of_unknown_outcome(
    lab: Lab, read_json: ReadJson
) -> None:
    lab.builder.with_operation_error("update", "got timeout")

    answer = read_json(configure(lab))

    assert (answer["success"], answer["code"]) == (False, "SUBMISSION_UNCERTAIN")
    assert "serial0" not in lab.guest.config
