import io
import logging

import pytest
from app import gate


@pytest.fixture
def own_logger():
    logger = logging.getLogger("app.gate.own")
    handler = logging.StreamHandler(io.StringIO())
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def test_guest_enters():
    assert gate.enter("ann", ["ann"])


def test_stranger_stays_outside():
    assert not gate.enter("bob", ["ann"])


def test_warning_is_logged(caplog):
    gate.enter("bob", [])
    assert caplog.messages == ["bob is no guest"]


def test_info_is_logged(caplog):
    with caplog.at_level(logging.INFO, logger="app.gate"):
        gate.enter("ann", ["ann"])
    assert "ann enters" in caplog.text


def test_level_by_caplog(caplog):
    caplog.set_level(logging.ERROR, logger="app.gate")
    gate.enter("bob", [])
    assert caplog.records == []


def test_verbose(own_logger):
    gate.verbose(own_logger)
    assert own_logger.isEnabledFor(logging.DEBUG)


def test_own_logger_writes(own_logger):
    own_logger.error("oh")
    assert own_logger.handlers[0].stream.getvalue() == "oh\n"


def test_one_handler(own_logger):
    assert len(own_logger.handlers) == 1


def test_output(capsys):
    print("hello")
    assert capsys.readouterr().out == "hello\n"


def test_levels_have_names():
    assert logging.getLevelName(logging.INFO) == "INFO"
