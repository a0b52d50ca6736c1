import copy

import pytest
from app import cart


@pytest.fixture
def own_catalog(catalog):
    return {**copy.deepcopy(catalog), "mug": {"price": 8.0, "stock": 2}}


def test_catalog_price_of_tea(catalog):
    assert cart.subtotal(catalog, ["tea"]) == 4.5


def test_mugs_are_available(catalog):
    assert cart.available(catalog, "mug")


def test_nothing_costs_nothing(catalog):
    assert cart.subtotal(catalog, []) == 0


def test_discount_of_a_mug(own_catalog):
    assert cart.discount(own_catalog, "mug", 50) == 4.0


def test_sold_out(own_catalog):
    own_catalog["mug"]["stock"] = 0
    assert not cart.available(own_catalog, "mug")


def test_discount_lowers_the_price(catalog):
    before = catalog["tea"]["price"]
    assert cart.discount(catalog, "tea", 20) < before


def test_two_mugs(catalog):
    assert cart.subtotal(catalog, ["mug", "mug"]) == 16.0
