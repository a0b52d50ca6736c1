import hashlib
import os
import shutil
from pathlib import Path

REGISTRY = Path(__file__).parents[1] / "registry"


def name(pid=None):
    return f"worker-{str(pid or os.getpid()).zfill(8)[:5]}"


class Worker:
    def __init__(self, registry=REGISTRY, pid=None):
        self.directory = registry / name(pid)

    def register(self):
        self.directory.mkdir(parents=True)
        key = hashlib.pbkdf2_hmac("sha256", b"worker", b"key", 40_000).hex()
        (self.directory / "key").write_text(key)

    def leave(self):
        shutil.rmtree(self.directory)
