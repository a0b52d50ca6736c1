import itertools
import queue
import threading

import pytest
from app.pool import Once, Pool


@pytest.fixture
def pool():
    return Pool(object, 2)


@pytest.fixture(scope="session")
def shared_pool():
    return Pool(list, 3)


def test_borrow(pool):
    with pool.borrowed() as found:
        assert found is not None


def test_given_back(pool):
    with pool.borrowed():
        assert pool.idle.qsize() == 1
    assert pool.idle.qsize() == 2


def test_given_back_after_an_error(pool):
    with pytest.raises(KeyError), pool.borrowed():
        raise KeyError
    assert pool.idle.qsize() == 2


def test_empty_pool():
    with pytest.raises(queue.Empty), Pool(object, 0).borrowed(timeout_s=0.01):
        pass


def test_shared_pool_is_given_back(shared_pool):
    with shared_pool.borrowed():
        pass
    assert shared_pool.idle.qsize() == 3


def test_shared_pool_again(shared_pool):
    with shared_pool.borrowed() as one, shared_pool.borrowed() as other:
        assert one is not other


def test_threads_share_a_pool(pool):
    done = []

    def use():
        with pool.borrowed():
            done.append(1)

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 6


def test_once():
    once = Once(itertools.count(1).__next__)
    assert [once.get(), once.get()] == [1, 1]


def test_once_in_threads():
    once, found = Once(object), []
    threads = [threading.Thread(target=lambda: found.append(once.get())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1


def test_lock_is_free_again():
    once = Once(object)
    once.get()
    assert not once.lock.locked()
