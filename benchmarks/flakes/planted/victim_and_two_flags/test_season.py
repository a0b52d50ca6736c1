from app.season import Season, price


def test_sale_season_opens():
    Season.sale = True
    assert price(10) == 10


def test_members_week_closes(monkeypatch):
    monkeypatch.setattr(Season, "members_week", False)
    assert price(10, member=True) == 10


def test_members_week_begins():
    Season.members_week = True
    assert price(10) == 10


def test_half_price_for_members(monkeypatch):
    monkeypatch.setattr(Season, "sale", True)
    monkeypatch.setattr(Season, "members_week", True)
    assert price(10, member=True) == 5


def test_free_things_stay_free():
    assert price(0, member=True) == 0
