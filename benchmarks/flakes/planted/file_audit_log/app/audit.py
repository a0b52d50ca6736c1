import hashlib
from pathlib import Path

LOG = Path(__file__).parents[1] / "audit.log"


def record(text, path=LOG):
    # The seal makes later changes of the log evident.
    seal = hashlib.pbkdf2_hmac("sha256", text.encode(), b"audit", 20_000).hex()
    with path.open("a") as file:
        file.write(f"{seal[:16]} {text}\n")


def count(path=LOG):
    return len(path.read_text().splitlines()) if path.exists() else 0
