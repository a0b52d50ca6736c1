import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.errors import VmidsExhaustedError
from tests.infra.identity import BlockSource
from tests.infra.vmids import VmidAllocator, VmidFactory


def build_allocator(*, size: int = 1000) -> VmidAllocator:
    """An allocator whose blocks have `size` ids: the range is `size` times the number of PIDs."""
    limit = 100_000
    source = BlockSource(
        first_vmid=100, last_vmid=99 + size * limit, pid_limit=limit, lease_dir=Path("unused")
    )
    return VmidAllocator(source)


def test_ids_are_distinct_and_from_the_block() -> None:
    allocator = build_allocator()

    drawn = [allocator.acquire("test_a") for _ in range(1000)]

    assert len(set(drawn)) == 1000
    assert all(vmid in allocator.block for vmid in drawn)


def test_lowest_free_id_comes_first() -> None:
    allocator = build_allocator()
    first, second, third = (allocator.acquire("test_a") for _ in range(3))
    allocator.release(third)
    allocator.release(first)

    assert [allocator.acquire("test_b") for _ in range(3)] == [first, third, third + 1]
    assert second == first + 1


def test_empty_block_says_who_holds_what() -> None:
    allocator = build_allocator(size=5)
    for holder in ["test_a", "test_b", "test_b", "test_b", "test_a"]:
        allocator.acquire(holder)

    with pytest.raises(VmidsExhaustedError, match="test_b holds 3, test_a holds 2"):
        allocator.acquire("test_c")


def test_id_given_back_twice_is_handed_out_once() -> None:
    allocator = build_allocator()
    vmid = allocator.acquire("test_a")
    allocator.release(vmid)
    allocator.release(vmid)

    assert allocator.acquire("test_b") != allocator.acquire("test_b")


def test_foreign_id_is_let_be() -> None:
    allocator = build_allocator()

    allocator.release(1)

    assert allocator.acquire("test_a") in allocator.block


def test_factory_gives_all_back() -> None:
    allocator = build_allocator()
    factory = VmidFactory(allocator, "test_a")
    kept, early = factory(), factory()
    factory.release(str(early))
    assert allocator.get_holders() == {kept: "test_a"}

    factory.close()

    assert allocator.get_holders() == {}


def test_patched_pid_gets_ids_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    allocator = build_allocator()
    mine = {allocator.acquire("test_a") for _ in range(10)}

    monkeypatch.setattr(os, "getpid", lambda: 99_999)
    theirs = {allocator.acquire("test_a") for _ in range(10)}
    monkeypatch.undo()

    assert not mine & theirs
    assert allocator.acquire("test_a") == max(mine) + 1


def test_factory_releases_ids_of_the_process_that_drew_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allocator = build_allocator()
    factory = VmidFactory(allocator, "test_a")
    factory()
    monkeypatch.setattr(os, "getpid", lambda: 99_999)
    factory()
    factory.close()
    assert allocator.get_holders() == {}
    monkeypatch.undo()

    assert allocator.get_holders() == {}


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads that take turns at nearly every instruction."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("eager_threads")
def test_eight_threads_never_hold_the_same_id() -> None:
    allocator = build_allocator(size=8000)
    drawn: list[int] = []
    barrier = threading.Barrier(8)

    def draw() -> None:
        barrier.wait()
        drawn.extend(allocator.acquire("thread") for _ in range(1000))

    threads = [threading.Thread(target=draw) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(drawn) == len(set(drawn)) == 8000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_forked_child_draws_even_if_another_thread_held_the_lock() -> None:
    allocator = build_allocator()
    mine = allocator.acquire("parent")
    reader, writer = os.pipe()

    with allocator._lock:
        pid = os.fork()
        if pid == 0:
            os.write(writer, str(allocator.acquire("child")).encode())
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        theirs = int(pipe.read())
    os.waitpid(pid, 0)

    assert theirs != mine
    assert theirs not in allocator.block
