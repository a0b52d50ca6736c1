import logging

import pytest
from app import jobs


def test_start_is_logged(caplog):
    jobs.run("nightly", lambda: 1)
    assert "started nightly" in caplog.text


def test_result_is_returned():
    assert jobs.run("sum", lambda: 3) == 3


def test_failure_is_logged(caplog):
    with pytest.raises(ZeroDivisionError):
        jobs.run("bad", lambda: 1 / 0)
    assert "failed bad" in caplog.text


def test_level_can_be_set_for_a_test(caplog):
    with caplog.at_level(logging.DEBUG, logger="app.jobs"):
        jobs.run("debugged", lambda: 1)
    assert "debugged" in caplog.text


def test_quiet_mode_says_nothing(caplog):
    jobs.quiet()
    jobs.run("nightly", lambda: 1)
    assert caplog.text == ""


def test_job_must_be_callable():
    with pytest.raises(TypeError):
        jobs.run("none", None)
