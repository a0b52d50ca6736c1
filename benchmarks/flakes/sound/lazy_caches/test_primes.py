import pytest
from app import primes


@pytest.mark.parametrize("number", [2, 3, 97])
def test_primes(number):
    assert primes.is_prime(number)


@pytest.mark.parametrize("number", [0, 1, 91])
def test_no_primes(number):
    assert not primes.is_prime(number)


def test_cached_answers_are_the_same():
    assert primes.word(7) is primes.word(7)


def test_words():
    assert primes.word(8) == "number 8"


def test_patterns_are_cached():
    assert primes.pattern("cat") is primes.pattern("cat")


def test_pattern():
    assert primes.pattern("cat").search("a cat.")


def test_table():
    assert primes.Table().rows[:4] == [2, 3, 5, 7]


def test_table_is_made_once():
    table = primes.Table()
    assert table.rows is table.rows


def test_cleared_cache_answers_again():
    primes.is_prime.cache_clear()
    assert primes.is_prime(13)


def test_cache_counts_hits():
    primes.is_prime(17)
    before = primes.is_prime.cache_info().hits
    primes.is_prime(17)
    assert primes.is_prime.cache_info().hits == before + 1
