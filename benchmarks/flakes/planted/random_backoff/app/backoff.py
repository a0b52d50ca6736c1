import random


def delays(count, base=1.0, jitter=0.5, generator=random):
    for attempt in range(count):
        yield base * 2**attempt * generator.uniform(1 - jitter, 1 + jitter)


def retry(call, waits, sleep):
    for wait in waits:
        try:
            return call()
        except ConnectionError:
            sleep(wait)
    return call()
