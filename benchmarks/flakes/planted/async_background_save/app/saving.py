import hashlib
import threading


class Saver:
    def __init__(self, rounds=60_000):
        self.rounds = rounds
        self.threads = []

    def save(self, path, text):
        thread = threading.Thread(target=self._save, args=(path, text))
        self.threads.append(thread)
        thread.start()

    def _save(self, path, text):
        seal = hashlib.pbkdf2_hmac("sha256", text.encode(), b"doc", self.rounds).hex()
        path.write_text(f"{seal}\n{text}")

    def close(self):
        for thread in self.threads:
            thread.join()
