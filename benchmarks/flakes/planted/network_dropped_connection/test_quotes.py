import pytest
from app import quotes


class TestQuotes:
    def test_quote(self, port):
        assert quotes.ask(port, "ACME") == "ACME 42.00"

    def test_quote_with_tries(self, port):
        assert quotes.ask_again(port, "ACME") == "ACME 42.00"

    def test_price_with_tries(self, port):
        assert quotes.price(quotes.ask_again(port, "ACME")) == 42

    def test_price(self):
        assert quotes.price("X 1.5") == 1.5

    def test_no_price(self):
        with pytest.raises(IndexError):
            quotes.price("X")
