import os
import threading
from typing import Any, ClassVar

import pytest

from tests.fixtures.base_test_classes import (
    BaseVMErrorTest,
    BaseVMLifecycleTest,
    BaseVMOperationTest,
    BaseVMStartStopTest,
    BaseVMStateChangeTest,
)

pytest_plugins = ["pytester"]

MUTABLE: dict[str, object] = {
    "list": [], "dict": {}, "set": set(), "bytearray": bytearray(),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), MUTABLE.items(), ids=MUTABLE)
def test_mutable_class_attribute_is_refused(kind: str, value: object) -> None:
    with pytest.raises(TypeError, match=rf"TestShared\.cases is a {kind} that all tests"):
        type("TestShared", (BaseVMStartStopTest,), {"cases": value})


@pytest.mark.parametrize("value", [(), frozenset(), "text", 1, None])
def test_immutable_class_attribute_is_accepted(value: object) -> None:
    type("TestFine", (BaseVMOperationTest,), {"cases": value, "__annotations__": {}})


class TestOperation(BaseVMOperationTest):
    pytestmark: ClassVar = [pytest.mark.filterwarnings("error")]

    def test_attributes_are_made_for_the_test(self) -> None:
        assert self.process_id == os.getpid()
        assert self.thread_id == threading.get_ident()
        assert self.data_factory.next_vmid() == 100
        assert self.mock_builder.calls == []

    def test_attributes_are_made_anew(self) -> None:
        self.test_attributes_are_made_for_the_test()

    def test_default_params(self) -> None:
        assert self.get_default_test_params() == {"node": "node1", "vmid": "100"}

    @pytest.mark.parametrize(
        "check", ["assert_vm_exists", "assert_vm_running", "assert_vm_stopped"]
    )
    def test_missing_vm_is_noticed(self, check: str) -> None:
        with pytest.raises(AssertionError, match="expected: VM 100 exists\nreceived: no VMs"):
            getattr(self, check)()

    def test_wrong_status_is_noticed(self) -> None:
        self.mock_builder.with_vm(status="running")

        with pytest.raises(
            AssertionError, match="expected: VM 100 is stopped\nreceived: VM 100 is r"
        ):
            self.assert_vm_stopped()

    def test_vm_that_is_still_there_is_noticed(self) -> None:
        self.mock_builder.with_vm()

        with pytest.raises(AssertionError, match="expected: no VM 100"):
            self.assert_vm_gone()

    def test_missing_task_is_noticed(self) -> None:
        with pytest.raises(AssertionError, match="received: no such task"):
            self.assert_task_succeeded("qmstart")

    def test_running_task_is_noticed(self) -> None:
        self.mock_builder.with_vm().with_task_duration(5)
        self.mock_builder.build_api().nodes("node1").qemu(100).status.start.post()

        with pytest.raises(AssertionError, match="received: still running"):
            self.assert_task_succeeded("qmstart")

    def test_change_is_noticed(self) -> None:
        api = self.mock_builder.with_vm().build_api()
        api.nodes("node1").qemu(100).config.get()
        self.assert_nothing_changed()

        api.nodes("node1").qemu(100).config.put(cores=2)

        with pytest.raises(AssertionError, match="received: PUT /nodes/node1/qemu/100/config"):
            self.assert_nothing_changed()


class TestStartStop(BaseVMStartStopTest):
    def test_start(self) -> None:
        self.setup_vm_for_start_test()

        result = self.build_tools().start_vm(**self.get_default_test_params())

        self.assertion_helper.assert_success_response(result)
        self.assert_vm_started()

    def test_stop(self) -> None:
        self.setup_vm_for_stop_test()

        self.build_tools().stop_vm(**self.get_default_test_params())

        self.assert_vm_was_stopped()


class TestLifecycle(BaseVMLifecycleTest):
    def test_create(self) -> None:
        self.setup_vm_for_create_test("200")

        self.build_tools().create_vm(**self.data_factory.create_vm_creation_params("200"))

        assert self.assert_vm_created("200").config["cores"] == 2

    def test_delete(self) -> None:
        self.setup_vm_for_delete_test()

        self.build_tools().delete_vm(**self.get_default_test_params())

        self.assert_vm_deleted()


class TestStateChange(BaseVMStateChangeTest):
    def test_shutdown(self) -> None:
        self.setup_vm_for_shutdown_test()

        self.build_tools().shutdown_vm(**self.get_default_test_params())

        self.assert_vm_shut_down()

    def test_reset(self) -> None:
        self.setup_vm_for_reset_test()

        self.build_tools().reset_vm(**self.get_default_test_params())

        self.assert_vm_was_reset()

    def test_reboot(self) -> None:
        mock: Any = self.setup_vm_for_reboot_test().build()

        mock.nodes("node1").qemu("100").status.reboot.post()

        self.assert_vm_rebooted()


class TestError(BaseVMErrorTest):
    def test_not_found(self) -> None:
        self.setup_vm_not_found_error()

        with pytest.raises(ValueError, match="VM 100 not found") as raised:
            self.build_tools().start_vm(**self.get_default_test_params())

        self.assert_error_mentions(raised.value, "VM 100", "node1")
        self.assert_nothing_changed()

    def test_operation_error(self) -> None:
        self.setup_operation_error("start", "no quorum").with_vm()

        with pytest.raises(RuntimeError) as raised:
            self.build_tools().start_vm(**self.get_default_test_params())

        self.assert_error_mentions(raised.value, "no quorum")
        self.assert_vm_stopped()

    def test_task_error(self) -> None:
        self.setup_task_error("start", "kvm: no").with_vm()

        self.build_tools().start_vm(**self.get_default_test_params())

        self.assert_task_failed("qmstart", "kvm: no")

    def test_node_offline(self) -> None:
        self.setup_node_offline_error().with_vm()

        with pytest.raises(RuntimeError, match="595"):
            self.build_tools().start_vm(**self.get_default_test_params())

    def test_missing_fragment_is_noticed(self) -> None:
        with pytest.raises(AssertionError, match="expected: an error that holds 'b'\nreceived: a"):
            self.assert_error_mentions(ValueError("a"), "b")


def test_swallowed_violation_fails_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from contextlib import suppress
        from tests.fixtures.base_test_classes import BaseVMOperationTest

        class TestSwallow(BaseVMOperationTest):
            def test_swallow(self):
                with suppress(Exception):
                    self.mock_builder.build_api().nodes("node1").qemuu.get()
        """
    )

    result = pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function"
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*GET /nodes/node1/qemuu*nearest known: /nodes/node1/qemu*"])
