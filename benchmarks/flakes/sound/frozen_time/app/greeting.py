import datetime
import time


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def greet(name):
    hour = now().hour
    if hour < 12:
        return f"Good morning, {name}"
    return f"Good evening, {name}" if hour >= 18 else f"Good afternoon, {name}"


def age_s(stamp):
    return time.time() - stamp


class Cache:
    def __init__(self, lifetime_s, clock=time.monotonic):
        self.lifetime_s = lifetime_s
        self.clock = clock
        self.entries = {}

    def put(self, key, value):
        self.entries[key] = (value, self.clock() + self.lifetime_s)

    def get(self, key):
        value, end = self.entries.get(key, (None, 0))
        return value if self.clock() < end else None
