import hashlib
import threading


class Pipeline:
    def __init__(self, rounds):
        self.rounds = rounds
        self.done = []
        self.finished = threading.Event()
        self.thread = None

    def start(self, items):
        self.thread = threading.Thread(target=self._run, args=(list(items),), daemon=True)
        self.thread.start()

    def _run(self, items):
        for item in items:
            seal = hashlib.pbkdf2_hmac("sha256", item.encode(), b"pipeline", self.rounds)
            self.done.append((item, seal.hex()[:6]))
        self.finished.set()
