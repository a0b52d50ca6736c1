"""Gets a list of its own."""

import pytest


@pytest.fixture
def orders() -> list[str]:
    """Nothing ordered yet."""
    return []


def test_first_order(orders: list[str]) -> None:
    orders.append("tea")

    assert orders == ["tea"]


def test_second_order(orders: list[str]) -> None:
    orders.extend(["tea", "milk"])

    assert orders == ["tea", "milk"]
