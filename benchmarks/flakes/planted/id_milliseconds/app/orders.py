import hashlib
import time


def number(clock=time.time):
    return int(clock() * 1000)


class Order:
    def __init__(self, item, clock=time.time):
        self.item = item
        self.number = number(clock)
        self.seal = hashlib.pbkdf2_hmac("sha256", item.encode(), b"order", 900).hex()
