"""Starting a VM: what only starting does; the rest is in test_power."""

from typing import Any, ClassVar

import pytest

from tests.fixtures.base_test_classes import BaseVMErrorTest, BaseVMStartStopTest
from tests.suite.lab import NODE, Lab

pytestmark = pytest.mark.unit


class TestStart(BaseVMStartStopTest):
    default_node: ClassVar[str] = NODE

    def test_start_runs_a_stopped_vm(self) -> None:
        self.setup_vm_for_start_test()

        result = self.build_tools().start_vm(**self.get_default_test_params())

        self.assertion_helper.assert_success_response(result, "VM 100 start initiated")
        self.assert_vm_started()

    def test_start_runs_only_the_vm_it_names(self) -> None:
        self.setup_vm_for_start_test(101)
        self.setup_vm_for_start_test()

        self.build_tools().start_vm(NODE, "101")

        self.assert_vm_started(101)
        self.assert_vm_stopped(100)


class TestStartErrors(BaseVMErrorTest):
    default_node: ClassVar[str] = NODE

    def test_start_of_a_locked_vm_fails_in_its_task(self) -> None:
        self.mock_builder.with_vm(100, NODE, lock="backup")

        self.build_tools().start_vm(**self.get_default_test_params())

        self.assert_task_failed("qmstart", "VM is locked (backup)")
        self.assert_vm_stopped()

    def test_start_of_a_template_fails_in_its_task(self) -> None:
        self.mock_builder.with_vm(100, NODE, template=1)

        self.build_tools().start_vm(**self.get_default_test_params())

        self.assert_task_failed("qmstart", "you can't start a vm if it's a template")
        self.assert_vm_stopped()


def test_start_of_a_paused_vm_says_that_it_runs(lab: Lab) -> None:
    lab.set_status("paused")

    [content] = lab.build_tools().start_vm(**lab.params)

    assert content.text == f"VM {lab.vmid} is already running"
    assert lab.changes == []


def test_start_takes_effect_when_its_task_ends(lab: Lab) -> None:
    lab.builder.with_task_duration(5)
    lab.build_tools().start_vm(**lab.params)

    lab.builder.clock.advance(5)

    assert lab.tasks == [("qmstart", NODE, lab.vmid, "OK")]
    assert lab.guest.status == "running"


def test_start_through_the_mock_face_is_one_post(lab: Lab) -> None:
    mock: Any = lab.builder.build()

    lab.build_mocked_tools().start_vm(**lab.params)

    status = mock.nodes(NODE).qemu(lab.vmid).status
    status.start.post.assert_called_once_with()
    status.stop.post.assert_not_called()
