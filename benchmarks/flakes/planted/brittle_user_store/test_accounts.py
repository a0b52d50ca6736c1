import pytest
from app import accounts


@pytest.fixture
def own():
    return accounts.Accounts({})


def test_create_user():
    assert accounts.default.create("ann", "secret") == "ann"


def test_stranger_is_unknown(own):
    with pytest.raises(KeyError):
        own.login("ann", "secret")


def test_password_is_not_kept(own):
    own.create("bob", "secret")
    assert "secret" not in own.users.values()


def test_login():
    assert accounts.default.login("ann", "secret")


def test_wrong_password(own):
    own.create("ann", "secret")
    assert not own.login("ann", "guess")


def test_create_again_changes_the_password(own):
    own.create("ann", "old")
    own.create("ann", "new")
    assert own.login("ann", "new")
