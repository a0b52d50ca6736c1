from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

import pytest
from proxmoxer.core import ResourceException

from tests import conftest
from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import ViolationsError
from tests.fixtures.thread_builders import PerThreadBuilders, thread_safe_mock_builder


def test_conftest_exports_the_plain_function() -> None:
    assert isinstance(conftest.thread_safe_mock_builder()(), ProxmoxAPIMockBuilder)


def test_thread_gets_the_same_builder_again() -> None:
    builders = thread_safe_mock_builder()

    assert builders() is builders()


def test_threads_get_builders_of_their_own() -> None:
    builders = thread_safe_mock_builder()
    barrier = Barrier(8)

    def take(_number: int) -> ProxmoxAPIMockBuilder:
        barrier.wait()
        return builders()

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(8)))

    assert len({id(builder) for builder in [*taken, builders()]}) == 9


def test_reused_thread_ids_do_not_hand_on_a_builder() -> None:
    builders = thread_safe_mock_builder()
    taken: list[tuple[int | None, ProxmoxAPIMockBuilder]] = []
    for _ in range(20):
        thread = Thread(target=lambda: taken.append((None, builders())))
        thread.start()
        taken_by = thread.ident
        thread.join()
        taken[-1] = (taken_by, taken[-1][1])

    assert len({ident for ident, _builder in taken}) < 20, "no id was reused: nothing was tested"
    assert len({id(builder) for _ident, builder in taken}) == 20


def test_violations_of_all_threads_are_found() -> None:
    builders = PerThreadBuilders()

    def misspell() -> None:
        with pytest.raises(ResourceException):
            builders().build_api().nodes("node1").qemuu.get()

    thread = Thread(target=misspell)
    thread.start()
    thread.join()

    with pytest.raises(ViolationsError, match="qemuu"):
        builders.require_no_violations()
