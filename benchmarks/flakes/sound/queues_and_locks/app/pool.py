import contextlib
import queue
import threading


class Pool:
    def __init__(self, make, size):
        self.idle = queue.LifoQueue()
        for _ in range(size):
            self.idle.put(make())

    @contextlib.contextmanager
    def borrowed(self, timeout_s=60):
        found = self.idle.get(timeout=timeout_s)
        try:
            yield found
        finally:
            self.idle.put(found)


class Once:
    def __init__(self, make):
        self.make = make
        self.lock = threading.Lock()
        self.value = None

    def get(self):
        with self.lock:
            if self.value is None:
                self.value = self.make()
            return self.value
