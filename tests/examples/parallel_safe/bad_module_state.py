"""Collects in a list that lives as long as the process."""

ORDERS: list[str] = []


def test_first_order() -> None:
    ORDERS.append("tea")

    assert ORDERS == ["tea"]


def test_second_order() -> None:
    ORDERS.append("milk")

    assert ORDERS == ["tea", "milk"]
