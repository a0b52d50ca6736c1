import hashlib
import time


def issue(name, now=None, rounds=1000):
    issued = int(now if now is not None else time.time())
    sign = hashlib.pbkdf2_hmac("sha256", name.encode(), str(issued).encode(), rounds)
    return {"name": name, "issued": issued, "sign": sign.hex()}


def is_expired(token, now, lifetime_s=3600):
    return now - token["issued"] > lifetime_s
