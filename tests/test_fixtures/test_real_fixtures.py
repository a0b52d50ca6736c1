"""Which tests get the double, and which the real cluster; without one here."""

import pytest

from tests.fixtures import real_fixtures
from tests.fixtures.proxmox.session import ProxmoxAPI


def test_unmarked_test_gets_the_double(
    proxmox_api: ProxmoxAPI, proxmox_node: str, process_unique_vmid: str
) -> None:
    proxmox_api.nodes(proxmox_node).qemu.post(vmid=process_unique_vmid)

    guests = proxmox_api.cluster.resources.get(type="vm")
    assert [guest["vmid"] for guest in guests] == [int(process_unique_vmid)]


INI = "[pytest]\nasyncio_default_fixture_loop_scope = function"

MARKED = """
    import pytest

    def test_plain(): pass

    @pytest.mark.real_cluster(or_double=True)
    def test_either(): pass

    @pytest.mark.real_cluster
    def test_real(): pass

    @pytest.mark.real_cluster
    class TestReal:
        @pytest.mark.real_cluster(or_double=True)
        def test_either(self): pass

        def test_real(self): pass
"""


def test_marked_tests_are_skipped_only_without_a_cluster(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini(INI)
    items = pytester.getitems(MARKED)

    monkeypatch.setenv("PROXMOX_TEST_HOST", "pve.example.test")
    real_fixtures.pytest_collection_modifyitems(items)
    assert not any(item.get_closest_marker("skip") for item in items)

    monkeypatch.delenv("PROXMOX_TEST_HOST")
    real_fixtures.pytest_collection_modifyitems(items)
    skipped = [item.name for item in items if item.get_closest_marker("skip")]
    assert skipped == ["test_real", "test_real"]


def test_cluster_without_a_token_fails_its_tests_with_the_way_out(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROXMOX_TEST_HOST", "127.0.0.1:1")
    monkeypatch.delenv("PROXMOX_TEST_TOKEN", raising=False)
    pytester.makeini(INI)
    pytester.makepyfile("""
        import pytest

        @pytest.mark.real_cluster
        def test_real(proxmox_api): pass

        def test_double(proxmox_api): assert proxmox_api.version.get()
    """)

    result = pytester.runpytest_inprocess("-p", "tests.fixtures.plugin", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*PROXMOX_TEST_TOKEN: PROXMOX_TEST_HOST is set, and this is not*"])
