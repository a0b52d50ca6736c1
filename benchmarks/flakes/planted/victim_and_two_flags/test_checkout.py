from app.season import Season, price


def test_member_pays_the_list_price():
    assert price(100, member=True) == 100


def test_guest_pays_the_list_price():
    assert price(100) == 100


def test_guest_pays_the_list_price_in_the_sale(monkeypatch):
    monkeypatch.setattr(Season, "sale", True)
    monkeypatch.setattr(Season, "members_week", True)
    assert price(100) == 100
