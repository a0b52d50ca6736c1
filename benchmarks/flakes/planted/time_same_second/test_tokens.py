import time

from app import tokens


class TestTokens:
    def test_token_is_issued_now(self):
        token = tokens.issue("ann", rounds=550_000)
        assert token["issued"] == int(time.time())

    def test_token_is_signed(self):
        assert len(tokens.issue("ann", now=1)["sign"]) == 64

    def test_names_differ(self):
        assert tokens.issue("ann", now=1)["sign"] != tokens.issue("bob", now=1)["sign"]

    def test_issue_time_is_whole(self):
        assert tokens.issue("ann", now=7.9)["issued"] == 7


class TestExpiry:
    def test_fresh(self):
        assert not tokens.is_expired({"issued": 100}, 3700)

    def test_expired(self):
        assert tokens.is_expired({"issued": 100}, 3701)

    def test_fresh_token_of_today(self):
        before = time.time()
        assert not tokens.is_expired(tokens.issue("ann"), before)
