import queue
import threading

LIMIT = 6
running = []


class Monitor:
    def __init__(self, source):
        self.source = source
        self.seen = queue.Queue()
        self.stopped = threading.Event()

    def start(self):
        if len(running) >= LIMIT:
            raise RuntimeError("can't start new thread")
        thread = threading.Thread(target=self._run, daemon=True)
        running.append(thread)
        thread.start()
        return thread

    def _run(self):
        for value in self.source:
            self.seen.put(value)
        self.stopped.wait()

    def stop(self, thread):
        self.stopped.set()
        thread.join()
        running.remove(thread)
