import pytest
from app.catalog import Catalog


@pytest.fixture(scope="session")
def catalog():
    made = Catalog({"tea": 400, "mug": 800})
    yield made
    made.close()


@pytest.fixture(scope="module")
def sale(catalog):
    made = catalog.with_discount(25)
    yield made
    made.close()


@pytest.fixture(scope="class")
def visits():
    return []
