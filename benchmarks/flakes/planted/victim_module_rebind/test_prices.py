from unittest import mock

import pytest
from app import prices


def test_gross_price():
    assert prices.gross(100) == 119


def test_no_tax_where_the_country_is_unknown(monkeypatch):
    monkeypatch.setattr(prices, "tax_rate", lambda country: {"zz": 0}.get(country, 5))
    assert prices.gross(100, "zz") == 100


def test_empty_cart():
    assert prices.total([]) == 0


def test_total_asks_for_the_rate_once_per_item():
    with mock.patch("app.prices.tax_rate", return_value=0) as rate:
        prices.total([(1, 1), (2, 2)])
    assert rate.call_count == 2


def test_price_in_a_tax_free_zone():
    prices.tax_rate = lambda _country: 0
    assert prices.gross(100) == 100


@pytest.mark.parametrize("count", [1, 3])
def test_total_multiplies(monkeypatch, count):
    monkeypatch.setattr(prices, "tax_rate", lambda _country: 10)
    assert prices.total([(100, count)]) == 110 * count
