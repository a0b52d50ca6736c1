import types
from unittest import mock

import pytest
from app import shop


@pytest.fixture
def charge():
    with mock.patch.object(shop.Bank, "charge", side_effect=lambda amount: amount) as made:
        yield made


@pytest.fixture
def bank(charge):
    return shop.Bank()


def test_buy(bank):
    assert shop.buy(bank, 5) == "paid 5"


def test_charged_once(bank, charge):
    shop.buy(bank, 5)
    charge.assert_called_once_with(5)


def test_too_expensive(bank, charge):
    assert shop.buy(bank, 500) == "refused"
    assert not charge.called


def test_higher_limit(bank, monkeypatch):
    monkeypatch.setattr(shop.Bank, "limit", 1000)
    assert shop.buy(bank, 500) == "paid 500"


def test_limit_of_one_bank(bank):
    bank.limit = 1
    assert shop.buy(bank, 2) == "refused"
    assert shop.Bank.limit == 100


def test_real_bank():
    with pytest.raises(ConnectionError):
        shop.buy(shop.Bank(), 1)


def test_spec():
    bank = mock.create_autospec(shop.Bank, instance=True, limit=10)
    bank.charge.return_value = 3
    assert shop.buy(bank, 3) == "paid 3"


@mock.patch("app.shop.os.statvfs", return_value=types.SimpleNamespace(f_bavail=2, f_frsize=512))
def test_free_space(_statvfs):
    assert shop.free_space("/") == 1024


def test_patched_dict():
    prices = {"a": 1}
    with mock.patch.dict(prices, b=2):
        assert sorted(prices) == ["a", "b"]
    assert prices == {"a": 1}


def test_nested_context(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(shop.Bank, "limit", 0)
        assert shop.Bank.limit == 0
    assert shop.Bank.limit == 100
