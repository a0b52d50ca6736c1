import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests import fixtures
from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.fixtures.vm_data_factory import ContainerTestDataFactory, VMTestDataFactory

SWALLOW = """
    from contextlib import suppress

    def test_swallow(mock_builder):
        with suppress(Exception):
            mock_builder.with_vm().build_api().nodes("node1").qemu(100).config.put(memry=1)
"""


def run(pytester: pytest.Pytester, source: str, plugin: str = "tests.fixtures.plugin") -> Any:
    pytester.makepyfile(source)
    options = ("-W", "error", "-o", "asyncio_default_fixture_loop_scope=function")
    return pytester.runpytest_subprocess("-p", plugin, "-p", "no:cacheprovider", *options)


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(fixtures.__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", str(root))


def test_swallowed_violation_fails_the_test(pytester: pytest.Pytester) -> None:
    result = run(pytester, SWALLOW)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([
        "*PUT /nodes/node1/qemu/100/config, parameter 'memry'*nearest known: memory*",
        "*with builder.expect_violation():*",
    ])  # fmt: skip


@pytest.mark.proof
def test_swallowed_violation_in_a_thread_fails_the_test(pytester: pytest.Pytester) -> None:
    result = run(pytester, """
        from contextlib import suppress
        from threading import Thread

        def test_swallow(thread_safe_mock_builder):
            def work():
                with suppress(Exception):
                    thread_safe_mock_builder().build_api().nodes("node1").qemuu.get()
            thread = Thread(target=work)
            thread.start()
            thread.join()
    """)  # fmt: skip

    result.assert_outcomes(passed=1, errors=1)


UNUSED = """
    import pytest
    from FIXTURES.base_test_classes import BaseVMOperationTest

    def describe(builder):
        return builder.with_operation_error("start", "no quorum", times=1)

    def test_unused(mock_builder):
        describe(mock_builder)

    def test_unused_by_thread(thread_safe_mock_builder):
        describe(thread_safe_mock_builder())

    class TestUnused(BaseVMOperationTest):
        def test_unused(self):
            describe(self.mock_builder)

    def test_allowed(mock_builder):
        describe(mock_builder).allow_unused()

    def test_failed(mock_builder):
        describe(mock_builder)
        assert False

    def test_skipped(mock_builder):
        describe(mock_builder)
        pytest.skip("later")
""".replace("FIXTURES", "tests.fixtures")


@pytest.mark.proof
def test_unused_description_fails_a_test_that_has_passed(pytester: pytest.Pytester) -> None:
    result = run(pytester, UNUSED)

    result.assert_outcomes(passed=4, errors=3, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*never used:*", "*error of start*"])


@pytest.mark.proof
def test_isolated_params_take_the_vmid_of_the_process(pytester: pytest.Pytester) -> None:
    result = run(pytester, """
        import pytest

        @pytest.fixture
        def process_unique_vmid():
            return "4711"

        def test_params(isolated_test_params):
            assert isolated_test_params == {"node": "node1", "vmid": "4711"}
    """)  # fmt: skip

    result.assert_outcomes(passed=1)


@pytest.mark.proof
def test_isolated_params_say_what_is_missing(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_params(isolated_test_params): pass")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*needs a fixture 'process_unique_vmid'*load the plugin*"])


@pytest.mark.proof
def test_copy_works_under_another_name(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Path(fixtures.__file__).parent
    shutil.copytree(source, pytester.path / "doubles", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))

    result = run(pytester, """
        import sys

        def test_start(vm_tools_basic, mock_builder, test_vm_params):
            vm_tools_basic.start_vm(**test_vm_params)
            assert mock_builder.cluster.guests[100].is_running
            assert not [name for name in sys.modules if name.startswith("tests.")]
    """, plugin="doubles.plugin")  # fmt: skip

    result.assert_outcomes(passed=1)


@pytest.mark.proof
def test_plugin_does_not_import_the_system_under_test(pytester: pytest.Pytester) -> None:
    script = pytester.makepyfile(
        "import sys, tests.fixtures.plugin; sys.exit('proxmox_mcp' in sys.modules)"
    )

    result = pytester.run(sys.executable, script)

    assert result.ret == 0


def test_fixtures_speak_of_nobody_else() -> None:
    words = ("xdist", "infra", "from tests", "import tests", "proxmox_mcp")
    found = {
        (path.name, word)
        for path in Path(fixtures.__file__).parent.rglob("*.py")
        for word in words
        if word in path.read_text()
    }

    assert found == {("mock_helpers.py", "proxmox_mcp")}


def test_basic_mock_has_a_stopped_vm(mock_proxmox_basic: Any) -> None:
    status = mock_proxmox_basic.nodes("node1").qemu("100").status.current.get()["status"]

    assert status == "stopped"


def test_basic_tools_create_with_the_creation_params(
    vm_tools_basic: Any,
    test_vm_creation_params: dict[str, Any],
    mock_builder: ProxmoxAPIMockBuilder,
) -> None:
    vm_tools_basic.create_vm(**test_vm_creation_params)

    assert set(mock_builder.cluster.guests) == {100, 200}


def test_default_config_is_accepted(
    default_vm_config: dict[str, Any], vm_data_factory: VMTestDataFactory,
    mock_builder: ProxmoxAPIMockBuilder,
) -> None:  # fmt: skip
    vmid = vm_data_factory.next_vmid()

    mock_builder.build_api().nodes("node1").qemu.create(vmid=vmid, **default_vm_config)

    assert mock_builder.cluster.guests[vmid].cpus == default_vm_config["cores"]


def test_basic_container_tools_have_a_stopped_container(
    container_tools_basic: Any, mock_builder: ProxmoxAPIMockBuilder
) -> None:
    container_tools_basic.start_container("200")

    assert mock_builder.cluster.guests[200].is_running


def test_container_factory_is_the_tests_own(
    container_data_factory: ContainerTestDataFactory,
) -> None:
    assert container_data_factory.next_vmid() == ContainerTestDataFactory().next_vmid()


def test_builders_of_threads_differ(
    thread_safe_mock_builder: Callable[[], ProxmoxAPIMockBuilder],
) -> None:
    taken = [thread_safe_mock_builder()]

    thread = Thread(target=lambda: taken.append(thread_safe_mock_builder()))
    thread.start()
    thread.join()

    assert taken[0] is not taken[1]
