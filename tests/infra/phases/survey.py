"""What a session of pytest has loaded, registered, collected and found; the plugin that tells it.

The plugin is loaded by `-p` in the processes that `hands` starts, never in a user's own runs.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import pytest

from ..durations import write_whole
from ..errors import RecordError

FLAG: Final = "--phase-survey"
KEY: Final = "phase_survey"

OWN: Final = __name__.rpartition(".phases.")[0]
"""The package of the infrastructure."""

PLUGINS: Final[Mapping[str, Sequence[str]]] = {
    "pytest-xdist": ("xdist", "xdist.plugin"),
    "pytest-asyncio": ("asyncio", "pytest_asyncio", "pytest_asyncio.plugin"),
    "pytest-repeat": ("repeat", "pytest_repeat"),
    f"{OWN}.plugin": (f"{OWN}.plugin",),
}
"""What a parallel run needs, and the names under which it may be registered."""


@dataclass(frozen=True, slots=True)
class Survey:
    """One session."""

    exit_code: int
    plugins: Sequence[str] = ()
    """Which of `PLUGINS` were loaded."""
    markers: Sequence[str] = ()
    """Names of the registered ones."""
    used_markers: Mapping[str, str] = field(default_factory=dict)
    """Name of a marker that a test has, to the first such test."""
    nodeids: Sequence[str] = ()
    outcomes: Mapping[str, str] = field(default_factory=dict)
    """Node id to passed, failed or skipped; in the order in which they ended."""
    said: tuple[str, ...] = ()
    """The last lines of what pytest printed."""

    def list_tests_that(self, outcome: str) -> list[str]:
        """Return the tests with this outcome."""
        return [nodeid for nodeid, found in self.outcomes.items() if found == outcome]


def build_arguments(package: str, result: Path, cache: Path) -> list[str]:
    """Return the arguments with which pytest writes a survey to a file."""
    plugin = f"{package}.phases.{__name__.rpartition('.')[2]}"
    return ["-p", plugin, f"{FLAG}={result}", "-o", f"cache_dir={cache}"]


def parse_survey(text: str, said: tuple[str, ...] = ()) -> Survey:
    """Read what the plugin wrote.

    :raises RecordError: it is something else.
    """
    try:
        return Survey(**(json.loads(text) | {"said": said}))
    except (TypeError, ValueError) as error:
        raise RecordError("survey", str(error)) from error


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the file be named."""
    parser.addoption(FLAG, dest=KEY, default=None, help="write what this session is to a file")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to listen; a worker tells the controller, which writes."""
    path = config.getoption(KEY)
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Surveyor(config, Path(path)), "infra-surveyor")


class _Surveyor:
    """Notes what happens in a session."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        self._config = config
        self._path = path
        self._used: dict[str, str] = {}
        self._nodeids: list[str] = []
        self._outcomes: dict[str, str] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note the tests and their markers; the controller of workers has none."""
        self._nodeids = [item.nodeid for item in session.items]
        for item in session.items:
            for mark in item.iter_markers():
                self._used.setdefault(mark.name, item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note an outcome; what fails at any stage has failed."""
        before = self._outcomes.get(report.nodeid)
        if before in (None, "passed") or report.failed:
            self._outcomes[report.nodeid] = report.outcome

    # trylast: after those that change the exit status, as the infrastructure's own does.
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write it down."""
        loaded = self._config.pluginmanager.hasplugin
        lines = self._config.getini("markers")
        survey = Survey(
            exit_code=int(session.exitstatus),
            plugins=[name for name, names in PLUGINS.items() if any(map(loaded, names))],
            markers=[line.partition(":")[0].partition("(")[0].strip() for line in lines],
            used_markers=self._used,
            nodeids=self._nodeids,
            outcomes=self._outcomes,
        )
        write_whole(self._path, json.dumps(asdict(survey)))
