import decimal
from decimal import Decimal

CENT = Decimal("0.01")


def split(amount, people):
    share = (Decimal(amount) / people).quantize(CENT, decimal.ROUND_DOWN)
    rest = Decimal(amount) - share * people
    return [share + rest, *[share] * (people - 1)]


def convert(amount, rate, digits=28):
    with decimal.localcontext() as context:
        context.prec = digits
        return Decimal(amount) * Decimal(rate)
