import itertools


class Desk:
    _numbers = itertools.count(1)

    def __init__(self, numbers=None):
        self.numbers = numbers or self._numbers

    def open(self, text):
        return {"id": f"T-{next(self.numbers):04}", "text": text, "open": True}


def close(ticket):
    return {**ticket, "open": False}
