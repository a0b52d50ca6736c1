import queue
import threading
from concurrent.futures import ThreadPoolExecutor


class Counter:
    def __init__(self):
        self.value = 0
        self.lock = threading.Lock()

    def add(self, amount=1):
        with self.lock:
            self.value += amount


class Worker:
    def __init__(self, work):
        self.work = work
        self.jobs = queue.Queue()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while (job := self.jobs.get()) is not None:
            self.work(job)

    def close(self):
        self.jobs.put(None)
        self.thread.join()


def squares(numbers):
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda number: number**2, numbers))
