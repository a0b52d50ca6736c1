"""Needs the test before it."""

CART: dict[str, int] = {}


def test_add() -> None:
    CART["tea"] = 2

    assert CART == {"tea": 2}


def test_remove() -> None:
    del CART["tea"]

    assert CART == {}
