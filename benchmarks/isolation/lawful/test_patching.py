"""Every lawful way to patch."""

import builtins
import datetime
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
import stock


@pytest.fixture
def mailbox() -> Iterator[mock.MagicMock]:
    patcher = mock.patch("stock.send")
    yield patcher.start()
    mock.patch.stopall()


@pytest.fixture(scope="module")
def loud() -> Iterator[str]:
    with mock.patch.object(stock, "MODE", "loud"):
        yield stock.MODE


@pytest.fixture
def frozen_time() -> Iterator[float]:
    genuine, genuine_datetime = time.time, datetime.datetime
    time.time = lambda: 12.5
    vars(datetime)["datetime"] = type("Frozen", (datetime.datetime,), {})
    yield 12.5
    time.time = genuine
    vars(datetime)["datetime"] = genuine_datetime


def test_monkeypatch_of_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STOCK_MODE", "x")
    monkeypatch.delenv("PATH")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(stock, "MODE", "loud")
    monkeypatch.setattr(sys, "argv", ["stock"])
    monkeypatch.setattr(builtins, "open", len)
    monkeypatch.setattr(time, "sleep", len)
    monkeypatch.setitem(sys.modules, "stock_stub", mock.MagicMock())
    monkeypatch.setattr(stock.Depot, "limit", 5)

    assert stock.MODE == "loud"


def test_monkeypatch_context() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.getpid", lambda: 1)
        assert os.getpid() == 1


@mock.patch("stock.send", return_value="mocked")
def test_patch_as_a_decorator(send: mock.MagicMock) -> None:
    assert stock.send("x") == send.return_value


@mock.patch.dict(os.environ, {"STOCK_MODE": "x"})
def test_patched_dict() -> None:
    assert os.environ["STOCK_MODE"] == "x"


@mock.patch.dict(os.environ, clear=True)
def test_cleared_environment() -> None:
    os.environ["STOCK_ONLY"] = "1"

    assert list(os.environ) == ["STOCK_ONLY"]


@mock.patch.multiple("stock", MODE="loud", send=str.upper)
def test_patch_multiple() -> None:
    assert stock.send(stock.MODE) == "LOUD"


def test_patch_as_a_context() -> None:
    with mock.patch.object(stock.Depot, "limit", 9), mock.patch("time.time", return_value=0.0):
        assert (stock.Depot.limit, time.time()) == (9, 0.0)


def test_patch_started_and_stopped() -> None:
    patcher = mock.patch("stock.send")
    patcher.start()
    try:
        stock.send("x")
    finally:
        patcher.stop()


def test_stopall_in_teardown(mailbox: mock.MagicMock) -> None:
    stock.send("x")

    mailbox.assert_called_once()


def test_patch_of_a_module_fixture(loud: str) -> None:
    assert loud == "loud"


def test_beside_a_patch_of_a_module_fixture() -> None:
    assert stock.MODE in ("loud", "quiet")


def test_time_frozen_by_hand(frozen_time: float) -> None:
    assert time.time() == frozen_time


@mock.patch("stock.get_connection")
class TestPatchedClass:
    def test_one(self, get_connection: mock.MagicMock) -> None:
        assert stock.get_connection() is get_connection.return_value
