from app import basket


def test_basket_uses_the_list_price():
    assert basket.total([10, 20]) == 30


def test_empty_basket():
    assert basket.total([]) == 0


def test_total_with_a_rule(monkeypatch):
    monkeypatch.setattr(basket, "PRICE", lambda price: price + 1)
    assert basket.total([10, 20]) == 32
