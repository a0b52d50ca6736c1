import decimal
from decimal import Decimal


def interest(amount, percent):
    return Decimal(amount) * Decimal(percent) / 100


def share(amount, people):
    return Decimal(amount) / people


def display(amount):
    decimal.getcontext().prec = 4
    return str(+Decimal(amount))
