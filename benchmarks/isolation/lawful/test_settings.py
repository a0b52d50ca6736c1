"""Settings of the process that are put back."""

import contextlib
import decimal
import gc
import io
import locale
import logging
import os
import socket
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import stock


@pytest.fixture
def private_files() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def quiet_logs() -> Iterator[logging.Logger]:
    logger = logging.getLogger("stock.loud")
    handler = logging.StreamHandler(io.StringIO())
    logger.addHandler(handler)
    logger.setLevel(logging.CRITICAL)
    logger.propagate = False
    yield logger
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
    logger.propagate = True


def test_caught_warnings() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("x", UserWarning, stacklevel=1)

    assert len(caught) == 1


def test_filter_left_to_pytest() -> None:
    warnings.simplefilter("ignore", BytesWarning)


def test_locale_put_back() -> None:
    before = locale.setlocale(locale.LC_ALL)
    locale.setlocale(locale.LC_ALL, "C.UTF-8")
    locale.setlocale(locale.LC_ALL, before)


def test_decimal_context_in_a_block() -> None:
    with decimal.localcontext() as context:
        context.prec = 3
        assert decimal.Decimal(1) / decimal.Decimal(3) == decimal.Decimal("0.333")


def test_decimal_arithmetic_raises_flags() -> None:
    assert decimal.Decimal(2).sqrt() > 1


def test_collector_off_and_on() -> None:
    gc.disable()
    gc.collect()
    gc.enable()


def test_directory_in_a_block(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        Path("x").touch()


@pytest.mark.usefixtures("private_files")
def test_umask_put_back(tmp_path: Path) -> None:
    (tmp_path / "x").touch()

    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("in_tokyo")
def test_time_zone_put_back() -> None:
    assert time.tzname[0] == "JST"


def test_logger_put_back(quiet_logs: logging.Logger) -> None:
    quiet_logs.error("x")


def test_socket_timeout_put_back() -> None:
    socket.setdefaulttimeout(2)
    socket.setdefaulttimeout(None)


def test_context_variable_reset_by_token() -> None:
    token = stock.USER.set("root")
    stock.USER.reset(token)


def test_limits_put_back() -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + 100)
    sys.setrecursionlimit(before)


def test_redirected_streams() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        print("x")

    assert out.getvalue() == "x\n"


def test_environment_put_back_by_hand() -> None:
    os.environ["STOCK_TEMPORARY"] = "1"
    del os.environ["STOCK_TEMPORARY"]


def test_file_in_the_tree_that_is_removed() -> None:
    path = Path("scratch.txt")
    path.write_text("x")
    path.unlink()


@pytest.mark.xfail(reason="fails, and leaves nothing", strict=True)
def test_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOCK_FAILS", "1")
    raise ValueError


def test_traced() -> None:
    sys.settrace(lambda *_args: None)
    sys.settrace(None)
