import json
import threading


class Lazy:
    def __init__(self, path):
        self.path = path
        self.loads = 0
        self.values = None

    def get(self, name):
        if self.values is None:
            self.values = self._load()
        return self.values[name]

    def _load(self):
        self.loads += 1
        return json.loads(self.path.read_text())


class LockedLazy(Lazy):
    def __init__(self, path):
        super().__init__(path)
        self.lock = threading.Lock()

    def get(self, name):
        with self.lock:
            return super().get(name)
