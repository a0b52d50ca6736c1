from decimal import Decimal

from app import money


def test_interest_is_exact_to_the_cent():
    assert money.interest("123456.50", "2") == Decimal("2469.13")


def test_interest_of_nothing():
    assert money.interest("0", "5") == 0


def test_share():
    assert money.share("9", 3) == 3
