"""Stopping a VM at once: what only stopping does; the rest is in test_power."""

from typing import ClassVar

import pytest

from tests.fixtures.base_test_classes import BaseVMErrorTest, BaseVMStartStopTest
from tests.suite.lab import NODE, Lab

pytestmark = pytest.mark.unit


class TestStop(BaseVMStartStopTest):
    default_node: ClassVar[str] = NODE

    def test_stop_ends_a_running_vm(self) -> None:
        self.setup_vm_for_stop_test()

        result = self.build_tools().stop_vm(**self.get_default_test_params())

        self.assertion_helper.assert_success_response(result, "VM 100 stop initiated")
        self.assert_vm_was_stopped()

    def test_stop_ends_only_the_vm_it_names(self) -> None:
        self.setup_vm_for_stop_test(101)
        self.setup_vm_for_stop_test()

        self.build_tools().stop_vm(NODE, "101")

        self.assert_vm_was_stopped(101)
        self.assert_vm_running(100)


class TestStopErrors(BaseVMErrorTest):
    default_node: ClassVar[str] = NODE

    def test_stop_of_a_locked_vm_is_refused(self) -> None:
        self.mock_builder.with_vm(100, NODE, "running", lock="snapshot")

        with pytest.raises(RuntimeError) as caught:
            self.build_tools().stop_vm(**self.get_default_test_params())

        self.assert_error_mentions(caught.value, "Failed to stop VM 100", "locked (snapshot)")
        self.assert_vm_running()


def test_stop_ends_a_paused_vm(lab: Lab) -> None:
    lab.set_status("paused")

    lab.build_tools().stop_vm(**lab.params)

    assert lab.tasks == [("qmstop", NODE, lab.vmid, "OK")]
    assert lab.guest.qmpstatus == "stopped"


def test_stop_of_a_stopped_vm_says_so(lab: Lab) -> None:
    [content] = lab.build_tools().stop_vm(**lab.params)

    assert content.text == f"VM {lab.vmid} is already stopped"
