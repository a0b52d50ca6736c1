"""Notes when a run's first test began and its last one ended, and each outcome; loaded by `-p`.

It uses pytest's and xdist's own hooks only, so any suite can be measured.  In a worker it does
nothing, and imports nothing that a worker would have to wait for.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from execnet import XSpec


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a measured run."""
    group = parser.getgroup("stopwatch", "a run that is measured")
    group.addoption("--stopwatch", default="", metavar="FILE", help="where to note how it went")
    group.addoption(
        "--stopwatch-category",
        default="",
        metavar="MARKER",
        help="only tests with this marker, of those that -m chooses",
    )


# wrapper: against xdist's own, which asks for the workers of `-n auto`, and so for the tests, here.
@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Iterator[None]:
    """Put the category beside what -m says, of the command line or of the ini file.

    In workers, too: they read the command line themselves.
    """
    category = config.getoption("stopwatch_category")
    if category:
        expression = config.getoption("markexpr")
        config.option.markexpr = f"({expression}) and {category}" if expression else category
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch, in the one process that hears all reports."""
    path = config.getoption("stopwatch")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Stopwatch(config, Path(path)), "infra-stopwatch")


class Stopwatch:
    """The hooks of a measured run, in the controller or the one process."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        # A worker has no use for it.
        from ..recorder import Recorder  # noqa: PLC0415  see above

        self._config = config
        self._path = path
        self._recorder = Recorder()
        self._began: float | None = None
        self._ended: float | None = None
        self._workers = 0
        self._markers: Counter[str] = Counter()

    # optionalhook: xdist's, and not there without it.
    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self, specs: "Sequence[XSpec]") -> None:
        """Note how many workers there are, whatever `-n auto` came to."""
        self._workers = len(specs)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count the tests of each marker; a controller collects none."""
        for item in session.items:
            self._markers.update({mark.name for mark in item.iter_markers()})

    # tryfirst: the clock runs before what other plugins do at a test's begin.
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """Note when the first test began."""
        if self._began is None:
            self._began = time.monotonic()

    # trylast: what other plugins do with a report is part of the run.
    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test went, and when."""
        self._recorder.add(report)
        self._ended = time.monotonic()

    # trylast: against plugins that run for long at the end, which is no test's time.
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write down what was noted."""
        note = {
            "version": 1,
            "began": self._began,
            "ended": self._ended,
            "workers": self._workers,
            "markexpr": self._config.getoption("markexpr", ""),
            "markers": self._markers,
            "tests": [(one.nodeid, one.outcome, one.duration_s) for one in self._recorder.spans],
        }
        self._path.write_text(json.dumps(note), encoding="utf-8")
