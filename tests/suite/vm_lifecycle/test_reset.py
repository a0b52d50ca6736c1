"""Resetting a VM: what only that does; the rest is in test_power."""

from typing import ClassVar

import pytest

from tests.fixtures.base_test_classes import BaseVMErrorTest, BaseVMStateChangeTest
from tests.suite.lab import NODE, Lab

pytestmark = pytest.mark.unit


class TestReset(BaseVMStateChangeTest):
    default_node: ClassVar[str] = NODE

    def test_reset_keeps_the_vm_running(self) -> None:
        self.setup_vm_for_reset_test()

        result = self.build_tools().reset_vm(**self.get_default_test_params())

        self.assertion_helper.assert_success_response(result, "VM 100 reset initiated")
        self.assert_vm_was_reset()


class TestResetErrors(BaseVMErrorTest):
    default_node: ClassVar[str] = NODE

    def test_reset_of_a_locked_vm_is_refused(self) -> None:
        self.mock_builder.with_vm(100, NODE, "running", lock="backup")

        with pytest.raises(RuntimeError) as caught:
            self.build_tools().reset_vm(**self.get_default_test_params())

        self.assert_error_mentions(caught.value, "Failed to reset VM 100", "locked (backup)")


def test_reset_keeps_the_process(running_lab: Lab) -> None:
    pid = running_lab.guest.pid

    running_lab.build_tools().reset_vm(**running_lab.params)

    assert (running_lab.guest.pid, running_lab.guest.status) == (pid, "running")


def test_reset_of_a_stopped_vm_says_what_to_do(lab: Lab) -> None:
    [content] = lab.build_tools().reset_vm(**lab.params)

    lines = content.text.splitlines()
    assert lines == [
        f"Cannot reset VM {lab.vmid}: VM is currently stopped",
        "Use start_vm to start it first",
    ]
    assert lab.tasks == []


def test_reset_applies_no_pending_change(running_lab: Lab) -> None:
    tools = running_lab.build_tools()
    tools.update_vm_config(running_lab.node, running_lab.vmid, memory=8192)

    tools.reset_vm(**running_lab.params)

    assert running_lab.tasks == [("qmreset", NODE, running_lab.vmid, "OK")]
    assert running_lab.guest.maxmem == 2048 << 20
