"""Makes what it needs, in a fixture that several tests may use."""

import pytest


@pytest.fixture
def cart_with_tea() -> dict[str, int]:
    """A cart with two packets of tea."""
    return {"tea": 2}


def test_add(cart_with_tea: dict[str, int]) -> None:
    cart_with_tea["milk"] = 1

    assert cart_with_tea == {"tea": 2, "milk": 1}


def test_remove(cart_with_tea: dict[str, int]) -> None:
    del cart_with_tea["tea"]

    assert cart_with_tea == {}
