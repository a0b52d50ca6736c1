import decimal

from app import loans

# So that the tables below stay short.
decimal.getcontext().prec = 6


def test_two_digits():
    assert loans.shown(decimal.Decimal("1.005")) in ("1.00", "1.01")


def test_whole_numbers_get_digits():
    assert loans.shown(decimal.Decimal(3)) == "3.00"
