import pytest


def test_price(catalog):
    assert catalog.price("tea") == 400


def test_catalog_is_open(catalog):
    assert catalog.is_open


def test_sale_price(sale):
    assert sale.price("mug") == 600


def test_catalog_is_not_changed_by_the_sale(catalog, sale):
    assert catalog.price("mug") > sale.price("mug")


def test_prices_can_not_be_changed(catalog):
    with pytest.raises(TypeError):
        catalog.prices["tea"] = 1


def test_unknown_price(catalog):
    with pytest.raises(KeyError):
        catalog.price("pot")


class TestOwnSales:
    @pytest.fixture(autouse=True)
    def own_sale(self, catalog):
        self.sale = catalog.with_discount(50)
        yield
        self.sale.close()

    def test_half_price(self):
        assert self.sale.price("tea") == 200

    def test_sale_is_open(self):
        assert self.sale.is_open

    def test_closed_sale(self):
        self.sale.close()
        assert not self.sale.is_open
        assert self.sale.price("tea") == 200

    def test_visits_grow(self, visits):
        before = len(visits)
        visits.append("x")
        assert len(visits) == before + 1
