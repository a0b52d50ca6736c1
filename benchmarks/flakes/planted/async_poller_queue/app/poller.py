import queue
import threading
import time


class Poller:
    def __init__(self, period_s=0.08):
        self.period_s = period_s
        self.waiting = queue.SimpleQueue()
        self.delivered = queue.Queue()
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def put(self, message):
        self.waiting.put(message)

    def _run(self):
        # All pollers of a machine tick together, so that the disk may sleep in between.
        while not self.stopped.wait(self.period_s - time.monotonic() % self.period_s):
            while not self.waiting.empty():
                self.delivered.put(self.waiting.get())

    def stop(self):
        self.stopped.set()
        self.thread.join()
