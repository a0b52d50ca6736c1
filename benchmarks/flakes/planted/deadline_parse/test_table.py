import time

import pytest
from app import table


@pytest.fixture(scope="module")
def large():
    return "a,b,c\n" + "\n".join(f"{n},{n * 2},x{n}" for n in range(12_000))


def test_large_table_is_parsed_fast(large):
    start = time.monotonic()
    rows = table.parse(large)
    elapsed = time.monotonic() - start
    assert len(rows) == 12_000
    assert elapsed < 0.16, "too slow"


def test_empty_table():
    assert table.parse("a,b") == []


def test_numbers_are_converted():
    assert table.parse("a,b\n1,x") == [{"a": 1, "b": "x"}]


def test_total():
    assert table.total(table.parse("a\n1\n2"), "a") == 3


def test_missing_cell():
    with pytest.raises(ValueError, match="shorter"):
        table.parse("a,b\n1")
