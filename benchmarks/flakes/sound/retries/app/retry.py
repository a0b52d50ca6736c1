import time


class GaveUp(Exception):
    pass


def retry(call, tries=3, pause_s=1.0, sleep=time.sleep):
    for number in range(tries):
        try:
            return call()
        except ConnectionError:
            if number + 1 < tries:
                sleep(pause_s * 2**number)
    raise GaveUp(tries)


class Breaker:
    def __init__(self, limit, pause_s, clock=time.monotonic):
        self.limit, self.pause_s, self.clock = limit, pause_s, clock
        self.failures, self.open_until = 0, 0.0

    def call(self, function):
        if self.clock() < self.open_until:
            raise GaveUp("open")
        try:
            return function()
        except ConnectionError:
            self.failures += 1
            if self.failures >= self.limit:
                self.open_until = self.clock() + self.pause_s
            raise
