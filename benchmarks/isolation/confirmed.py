"""Leaks of well-known packages' tests that were confirmed by reading the code, one by one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A leak that is one, and why."""

    package: str
    resource: str
    """A regular expression."""
    culprit: str
    """A regular expression that the whole name of the culprit matches."""
    reason: str

    def is_about(self, package: str, resource: str, culprit: str) -> bool:
        """Tell whether this is the verdict on a reported leak."""
        return (
            package == self.package
            and re.fullmatch(self.resource, resource) is not None
            and re.fullmatch(self.culprit, culprit) is not None
        )


CONFIRMED: Final[Sequence[Confirmed]] = (
    Confirmed(
        "click",
        "logging",
        r"tests/test_stream_lifecycle\.py::test_invoke_with_stream_handler_on_stderr",
        "sets the level of the logger test_stream_handler_stderr to DEBUG; takes its handler off "
        "in `finally`, and leaves the level",
    ),
    Confirmed(
        "click",
        "logging",
        r"tests/test_testing\.py::test_capture_fd_logging_handler",
        "sets the level of a logger and turns its propagation off; takes its handler off at the "
        "end, and leaves both",
    ),
    Confirmed(
        "click",
        "temp-files",
        r"tests/test_termui\.py::test_(fast_)?edit",
        "edits a file with `sed -i~`, whose backup stays in the temp directory",
    ),
    Confirmed(
        "more-itertools",
        "random",
        r"tests/test_more\.py::(InterleaveRandomlyTests|SampleTests)::test_\w+",
        "calls `random.seed` with a constant, and leaves the state so",
    ),
    Confirmed(
        "werkzeug",
        "sys.hooks",
        r"tests/test_debug\.py",
        "imports werkzeug.debug.console, which sets sys.displayhook at import and never puts it "
        "back",
    ),
    Confirmed(
        "werkzeug",
        "(threads|fds)",
        r"tests/test_serving\.py::test_watchdog_reloader_ignores_(opened|closed_no_write)",
        "makes a WatchdogReloaderLoop and never stops its observer, whose thread, inotify "
        "descriptor and pipe stay",
    ),
    Confirmed(
        "jinja2",
        "tree",
        r"tests/test_loader\.py::TestFileSystemLoader::test_caches_template_based_on_mtime",
        "sets the time of tests/res/templates/test.html, a file of the repository, to now",
    ),
)
