import pytest

from tests.fixtures.base_test_classes import BaseContainerListTest, BaseContainerOperationTest
from tests.fixtures.mock_helpers import AssertionHelper
from tests.fixtures.vm_data_factory import ContainerTestDataFactory


def test_mutable_class_attribute_is_refused() -> None:
    with pytest.raises(TypeError, match=r"TestShared\.cases is a list that all tests"):
        type("TestShared", (BaseContainerListTest,), {"cases": []})


class TestOperation(BaseContainerOperationTest):
    def test_attributes_are_made_for_the_test(self) -> None:
        assert isinstance(self.data_factory, ContainerTestDataFactory)
        assert self.data_factory is self.data_factory
        assert self.get_default_test_params() == {"node": "node1", "vmid": "200"}
        assert self.get_default_selector() == "node1:200"
        assert self.mock_builder.calls == []

    def test_start(self) -> None:
        self.setup_stopped_container()

        result = self.build_tools().start_container(self.get_default_selector())

        AssertionHelper.assert_success_response(result)
        self.assert_container_started()

    def test_shutdown(self) -> None:
        self.setup_running_container()

        self.build_tools().stop_container(self.get_default_selector())

        self.assert_container_shut_down()

    def test_stop(self) -> None:
        self.setup_running_container("201")

        self.build_tools().stop_container("node1:201", graceful=False)

        self.assert_container_was_stopped("201")

    def test_create(self) -> None:
        self.setup_stopped_container()
        with pytest.raises(AssertionError, match="vzcreate of CT 200: OK\nreceived: no such task"):
            self.assert_container_created()

        self.mock_builder.cluster.tasks.submit("vzcreate", node="node1", ident="200")

        assert self.assert_container_created().vmid == 200

    def test_delete(self) -> None:
        self.setup_stopped_container()

        self.build_tools().delete_container(self.get_default_selector())

        self.assert_container_deleted()

    @pytest.mark.parametrize(
        "check",
        ["assert_container_exists", "assert_container_running", "assert_container_stopped"],
    )
    def test_missing_container_is_noticed(self, check: str) -> None:
        with pytest.raises(AssertionError, match="CT 200 exists\nreceived: no guests"):
            getattr(self, check)()

    def test_vm_of_the_id_is_no_container(self) -> None:
        self.mock_builder.with_vm(200)

        with pytest.raises(AssertionError, match=r"CT 200 exists\nreceived: \[200\]"):
            self.assert_container_exists()

    def test_wrong_status_is_noticed(self) -> None:
        self.setup_running_container()

        with pytest.raises(AssertionError, match="CT 200 is stopped\nreceived: CT 200 is running"):
            self.assert_container_stopped()

    def test_container_that_is_still_there_is_noticed(self) -> None:
        self.setup_running_container()

        with pytest.raises(AssertionError, match="expected: no CT 200\nreceived: it is running"):
            self.assert_container_gone()

    def test_missing_task_is_noticed(self) -> None:
        with pytest.raises(AssertionError, match="vzstart of CT 200: OK\nreceived: no such task"):
            self.assert_container_started()

    @pytest.mark.parametrize(
        ("kind", "status", "check"),
        [
            ("vzstart", "stopped", "assert_container_started"),
            ("vzshutdown", "running", "assert_container_shut_down"),
            ("vzstop", "running", "assert_container_was_stopped"),
            ("vzdestroy", "stopped", "assert_container_deleted"),
        ],
    )
    def test_task_without_its_outcome_is_noticed(self, kind: str, status: str, check: str) -> None:
        self.mock_builder.with_container(200, status=status)
        self.mock_builder.cluster.tasks.submit(kind, node="node1", ident="200")

        with pytest.raises(AssertionError, match=f"received: .* is {status}|it is {status}"):
            getattr(self, check)()

    def test_operation_error(self) -> None:
        self.setup_container_not_found_error()
        self.setup_node_offline_error()

        with pytest.raises(Exception, match="No route to host") as refused:
            self.mock_builder.build_api().nodes("node1").lxc(200).config.get()

        self.assert_error_mentions(refused.value, "595")
        self.assert_nothing_changed()


class TestList(BaseContainerListTest):
    def test_single_node(self) -> None:
        self.setup_single_node_with_containers()

        result = self.build_tools().get_containers()

        self.assert_containers_listed(result, 200, "201")

    def test_multi_node(self) -> None:
        self.setup_multi_node_containers()

        result = self.build_tools().get_containers(node="node2")

        self.assert_containers_listed(result, 202)
        self.assert_containers_not_listed(result, 200, 201)

    def test_empty(self) -> None:
        self.setup_single_node_with_containers()
        self.setup_empty_container_list()

        self.assert_empty_list(self.build_tools().get_containers())

    def test_config_fallback(self) -> None:
        self.setup_config_fallback_scenario()

        result = self.build_tools().get_containers(include_stats=True)

        self.assert_containers_listed(result, 200)
        self.assert_config_was_tried()

    def test_missing_entry_is_noticed(self) -> None:
        self.setup_single_node_with_containers()
        result = self.build_tools().get_containers()
        self.mock_builder.with_container(300)

        with pytest.raises(AssertionError, match="expected: a list that holds 'ct-300'"):
            self.assert_containers_listed(result, 300)

    def test_entry_too_many_is_noticed(self) -> None:
        self.setup_single_node_with_containers()

        result = self.build_tools().get_containers()

        with pytest.raises(AssertionError, match="expected: a list without 'ct-201'"):
            self.assert_containers_not_listed(result, 201)
        with pytest.raises(AssertionError, match="expected: a cluster without containers"):
            self.assert_empty_list(result)

    def test_list_that_is_not_empty_is_noticed(self) -> None:
        self.setup_single_node_with_containers()
        result = self.build_tools().get_containers()
        self.setup_empty_container_list()

        with pytest.raises(AssertionError, match="expected: a list without entries"):
            self.assert_empty_list(result)

    def test_config_that_was_not_tried_is_noticed(self) -> None:
        with pytest.raises(AssertionError, match="GET /nodes/node1/lxc/200/config"):
            self.assert_config_was_tried()
