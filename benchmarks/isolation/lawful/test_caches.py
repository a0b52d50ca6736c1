"""Lazy and monotone changes: caches, singletons, counters, imports."""

import importlib
import itertools
import json
import logging
import random
import re
import sys
import tempfile
from pathlib import Path

import pytest
import stock


def test_memo_cache() -> None:
    assert [stock.square(number) for number in range(5)] == [0, 1, 4, 9, 16]


def test_memo_cache_grows() -> None:
    assert stock.square(12) == 144


def test_lazy_singleton() -> None:
    assert stock.get_connection() is stock.get_connection()


def test_pool_started_lazily() -> None:
    assert stock.get_pool().submit(abs, -2).result() == 2


def test_pool_started_lazily_grows() -> None:
    assert [one.result() for one in [stock.get_pool().submit(abs, -2) for _ in range(5)]] == [2] * 5


def test_pure_lru_cache() -> None:
    assert stock.count_ways(20) == 10946


def test_cleared_lru_cache() -> None:
    stock.count_ways.cache_clear()

    assert stock.count_ways(3) == 3


def test_counter() -> None:
    assert stock.count_call() < stock.count_call()


def test_itertools_count() -> None:
    assert next(stock.IDS) < next(stock.IDS)


def test_cached_property() -> None:
    depot = stock.Depot()
    depot.parts["screw"] = 2

    assert depot.total == 2


def test_lazy_imports() -> None:
    for name in ("colorsys", "sqlite3", "xml.dom.minidom", "email.mime.text", "decimal"):
        importlib.import_module(name)

    assert "colorsys" in sys.modules


def test_module_that_goes_with_its_owner() -> None:
    loader = stock.Loader()

    assert loader.module.__name__ in sys.modules


def test_first_use_of_the_temp_directory() -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name, "x").touch()


def test_named_temp_file() -> None:
    with tempfile.NamedTemporaryFile("w+") as file:
        file.write("x")


def test_new_default_loggers() -> None:
    logging.getLogger("stock.new.child").warning("x")

    assert logging.getLogger("stock.new").level == logging.NOTSET


def test_library_logger_at_import(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="stock"):
        stock.send("x")

    assert "sending x" in caplog.text


def test_level_by_caplog(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="stock")

    assert logging.getLogger().level == logging.DEBUG


def test_random_numbers() -> None:
    assert 0 <= random.random() < 1
    assert random.choice("ab") in "ab"
    random.shuffle([1, 2, 3])


def test_more_random_numbers_than_the_state_has_words() -> None:
    assert len([random.random() for _ in range(2000)]) == 2000


def test_seeded_generator_of_its_own() -> None:
    assert random.Random(4).random() == random.Random(4).random()


def test_random_state_put_back() -> None:
    state = random.getstate()
    random.seed(3)
    random.setstate(state)


def test_caches_of_the_standard_library() -> None:
    assert re.fullmatch(r"a{3,5}", "aaaa")
    assert json.loads(json.dumps({"a": [1]})) == {"a": [1]}


def test_generator_left_open() -> None:
    assert next(number for number in itertools.count(7)) == 7
