"""A pytest plugin that runs tests in a given order, more than once, and writes what became of them.

What to run is read from the file that `FLAKES_STEERING` names.
"""

import copy
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

DEADLINE_S = 60


class OrderRecorder:
    """Steers one run, and keeps its outcomes."""

    def __init__(self, steering: Path) -> None:
        found = json.loads(steering.read_text())
        self.order: list[str] = found["order"]
        self.repeat: int = found["repeat"]
        self.meeting = Path(found["meeting"])
        self.parties: int = found["parties"]
        self.report = Path(found["report"])
        self.outcomes: list[dict[str, str | bool]] = []
        self.texts: list[str] = []

    @pytest.hookimpl(trylast=True)  # behind every plugin that sorts
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put the tests into the order that is asked for, with a copy for each further run."""
        known = {item.nodeid: item for item in items}
        wanted = self.order or list(known)
        items[:] = [copy_item(known[nodeid]) for nodeid in wanted * self.repeat]

    @pytest.hookimpl(tryfirst=True)  # before pytest's own, which runs the tests
    def pytest_runtestloop(self) -> None:
        """Wait until the other process has collected, too."""
        (self.meeting / str(os.getpid())).touch()
        deadline = time.monotonic() + DEADLINE_S
        while len(list(self.meeting.iterdir())) < self.parties and time.monotonic() < deadline:
            time.sleep(0.002)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Keep one outcome for all phases of a test."""
        self.texts = []
        result = yield
        text = "\n".join(self.texts)
        self.outcomes.append({"nodeid": item.nodeid, "passed": not text, "text": text})
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the text of a failure, of whatever phase."""
        if report.failed:
            self.texts.append(report.longreprtext or "failed")

    def pytest_sessionfinish(self) -> None:
        """Write the outcomes."""
        self.report.write_text(json.dumps(self.outcomes))


def copy_item(item: pytest.Item) -> pytest.Item:
    """Copy a test, so that pytest tears its fixtures down between two runs of it."""
    made = copy.copy(item)
    if isinstance(made, pytest.Function):
        # The copy must share neither the fixtures' values nor the instance of the test's class.
        made._initrequest()  # noqa: SLF001, see above
        vars(made).pop("_obj", None)
        vars(made).pop("_instance", None)
    return made


def pytest_configure(config: pytest.Config) -> None:
    """Steer the run, if it is to be steered."""
    if steering := os.environ.get("FLAKES_STEERING"):
        config.pluginmanager.register(OrderRecorder(Path(steering)))
