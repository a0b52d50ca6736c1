"""Shutting a VM down gracefully: what only that does; the rest is in test_power."""

from typing import ClassVar

import pytest

from tests.fixtures.base_test_classes import BaseVMErrorTest, BaseVMStateChangeTest
from tests.suite.lab import NODE, Lab

pytestmark = pytest.mark.unit


class TestShutdown(BaseVMStateChangeTest):
    default_node: ClassVar[str] = NODE

    def test_shutdown_asks_the_guest_to_stop(self) -> None:
        self.setup_vm_for_shutdown_test()

        result = self.build_tools().shutdown_vm(**self.get_default_test_params())

        self.assertion_helper.assert_success_response(result, "VM 100 graceful shutdown initiated")
        self.assert_vm_shut_down()


class TestShutdownErrors(BaseVMErrorTest):
    default_node: ClassVar[str] = NODE

    def test_shutdown_of_a_locked_vm_is_refused(self) -> None:
        self.mock_builder.with_vm(100, NODE, "running", lock="migrate")

        with pytest.raises(RuntimeError) as caught:
            self.build_tools().shutdown_vm(**self.get_default_test_params())

        self.assert_error_mentions(caught.value, "Failed to shutdown VM 100", "locked (migrate)")
        self.assert_vm_running()

    def test_shutdown_that_the_guest_ignores_leaves_it_running(self) -> None:
        self.mock_builder.with_vm(100, NODE, "running")
        self.setup_task_error("shutdown", "VM quit/powerdown failed - got timeout")

        self.build_tools().shutdown_vm(**self.get_default_test_params())

        self.assert_task_failed("qmshutdown", "VM quit/powerdown failed - got timeout")
        self.assert_vm_running()


def test_shutdown_never_pulls_the_plug(running_lab: Lab) -> None:
    running_lab.builder.with_task_duration(60)

    running_lab.build_tools().shutdown_vm(**running_lab.params)
    running_lab.builder.clock.advance(120)

    assert running_lab.tasks == [("qmshutdown", NODE, running_lab.vmid, "OK")]
