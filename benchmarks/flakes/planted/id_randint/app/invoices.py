import itertools
import random

_counter = itertools.count(1)


def random_id():
    return random.randint(1000, 1029)


def next_id():
    return next(_counter)


class Store:
    def __init__(self, make_id=random_id):
        self.make_id = make_id
        self.invoices = {}

    def add(self, amount):
        invoice_id = self.make_id()
        self.invoices[invoice_id] = amount
        return invoice_id
