import pytest


@pytest.fixture(scope="session")
def catalog():
    return {"tea": {"price": 4.5, "stock": 10}, "mug": {"price": 8.0, "stock": 2}}
