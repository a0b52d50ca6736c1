import pytest
from app import shares

SHARES = {"ann": 0.1, "bob": 0.2, "eve": 0.3, "zoe": 0.4}


def test_shares_add_up():
    assert shares.total(SHARES, ["ann", "bob", "eve"]) == 0.1 + 0.2 + 0.3


def test_exact_total():
    assert shares.total_exactly(SHARES, SHARES) == 1


def test_total_is_close():
    assert shares.total(SHARES, SHARES) == pytest.approx(1)


def test_no_owner_counts_twice():
    assert shares.total(SHARES, ["ann", "ann"]) == 0.1


def test_two_owners():
    assert shares.total(SHARES, ["ann", "bob"]) == 0.1 + 0.2


def test_nobody():
    assert shares.total(SHARES, []) == 0
