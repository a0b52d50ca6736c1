import hashlib
import shutil
import time
from pathlib import Path

EXPORTS = Path(__file__).parents[1] / "exports"


class Export:
    def __init__(self, root=EXPORTS, now=None):
        self.directory = root / time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))

    def __enter__(self):
        self.directory.mkdir(parents=True)
        return self

    def write(self, name, rows):
        seal = hashlib.pbkdf2_hmac("sha256", name.encode(), b"export", 40_000).hex()
        (self.directory / name).write_text("\n".join([*rows, seal]))
        return len(list(self.directory.iterdir()))

    def __exit__(self, *_):
        shutil.rmtree(self.directory)
