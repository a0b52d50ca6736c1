import contextlib
import itertools


def chunks(items, size):
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk


@contextlib.contextmanager
def tracked(log, name):
    log.append(f"open {name}")
    try:
        yield name
    finally:
        log.append(f"close {name}")


def merged(*streams):
    return list(itertools.chain.from_iterable(zip(*streams, strict=True)))


def running_total(numbers):
    return list(itertools.accumulate(numbers))
