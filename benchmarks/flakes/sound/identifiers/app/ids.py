import itertools
import os
import threading
import uuid


class Numbers:
    def __init__(self, first=1):
        self.counter = itertools.count(first)
        self.lock = threading.Lock()

    def next(self):
        with self.lock:
            return next(self.counter)


process_numbers = Numbers()


def unique(prefix):
    return f"{prefix}-{os.getpid()}-{process_numbers.next()}"


def random_id():
    return str(uuid.uuid4())
