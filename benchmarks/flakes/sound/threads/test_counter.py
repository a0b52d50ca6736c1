import contextlib
import threading

import pytest
from app.counter import Counter, Worker, squares


def run_together(count, target):
    threads = [threading.Thread(target=target) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_count():
    counter = Counter()
    counter.add(3)
    assert counter.value == 3


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_count_of_threads(threads):
    counter = Counter()
    run_together(threads, lambda: [counter.add() for _ in range(500)])
    assert counter.value == 500 * threads


def test_squares_keep_their_order():
    assert squares(range(20)) == [number**2 for number in range(20)]


def test_worker_does_all_jobs():
    done = []
    with contextlib.closing(Worker(done.append)) as worker:
        for job in range(10):
            worker.jobs.put(job)
    assert done == list(range(10))


def test_worker_without_jobs():
    worker = Worker(print)
    worker.close()
    assert not worker.thread.is_alive()


def test_barrier():
    barrier, passed = threading.Barrier(3), []

    def go():
        barrier.wait(60)
        passed.append(1)

    run_together(3, go)
    assert len(passed) == 3


def test_event_of_another_thread():
    event = threading.Event()
    thread = threading.Thread(target=event.set)
    thread.start()
    assert event.wait(60)
    thread.join()


def test_thread_local_values():
    local, seen = threading.local(), []
    local.name = "main"
    run_together(1, lambda: seen.append(getattr(local, "name", None)))
    assert seen == [None]
