from decimal import Decimal

import pytest
from app import loans


def test_monthly_rate():
    assert loans.monthly("100000", 3) == Decimal("33333.33333333333333333333333")


def test_even_rate():
    assert loans.monthly("1200", 12) == 100


def test_no_months():
    with pytest.raises(ZeroDivisionError):
        loans.monthly("1", 0)
