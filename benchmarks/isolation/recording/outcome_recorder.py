"""A pytest plugin that writes each test's outcome down, by node id; loaded with `-p`."""

import json
import os
from pathlib import Path

import pytest

OUTCOMES: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what a test came to; a phase that failed outweighs one that did not."""
    word = "xfailed" if hasattr(report, "wasxfail") and report.skipped else report.outcome
    if report.when == "call" or word != "passed":
        OUTCOMES[report.nodeid] = word


def pytest_sessionfinish() -> None:
    """Write all outcomes to where the run was told."""
    Path(os.environ["OUTCOMES"]).write_text(json.dumps(OUTCOMES), encoding="utf-8")
