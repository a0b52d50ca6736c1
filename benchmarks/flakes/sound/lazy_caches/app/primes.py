import functools
import re

_words = {}


@functools.lru_cache(maxsize=256)
def is_prime(number):
    return number > 1 and all(number % n for n in range(2, int(number**0.5) + 1))


@functools.cache
def pattern(name):
    return re.compile(rf"\b{name}\b")


def word(number):
    if number not in _words:
        _words[number] = f"number {number}"
    return _words[number]


class Table:
    @functools.cached_property
    def rows(self):
        return [n for n in range(50) if is_prime(n)]
