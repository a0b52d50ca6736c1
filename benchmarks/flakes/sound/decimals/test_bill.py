import decimal
import math
from decimal import Decimal
from fractions import Fraction

import pytest
from app import bill


@pytest.mark.parametrize("people", [1, 2, 3, 7])
def test_shares_add_up(people):
    assert sum(bill.split("10.00", people)) == Decimal("10.00")


def test_first_one_pays_the_rest():
    assert bill.split("10.00", 3)[0] == Decimal("3.34")


def test_precision_of_a_conversion():
    assert bill.convert("1.2345", "1", digits=2) == Decimal("1.2")


def test_precision_is_kept_outside():
    before = decimal.getcontext().prec
    bill.convert("1", "1", digits=2)
    assert decimal.getcontext().prec == before


def test_division_by_zero_is_trapped():
    with decimal.localcontext() as context:
        context.traps[decimal.DivisionByZero] = True
        with pytest.raises(decimal.DivisionByZero):
            Decimal(1) / 0


def test_floats_are_close():
    assert sum([0.1] * 10) == pytest.approx(1)


def test_exact_sum():
    assert math.fsum([0.1] * 10) == 1


def test_any_order_is_close():
    values = [10.0**n for n in range(-5, 5)]
    assert sum(values) == pytest.approx(sum(reversed(values)))


def test_fractions():
    assert sum(Fraction(1, n) for n in (2, 3, 6)) == 1
