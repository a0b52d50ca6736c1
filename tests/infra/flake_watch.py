"""Watches over the repetitions of a run: what they were, how each failed, what that means.

It lives in the process that makes the report; which hook calls what is left to `controller_side`
and `solo_side`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

import pytest

from .archive import find_directory, keep_file
from .clusters import find_clusters
from .failures import build_fingerprint, shorten
from .flake_properties import PropertyWriter
from .flake_report import render_record, render_title
from .flakes import (
    FAILURES,
    RERUN,
    Failure,
    FlakeRecord,
    RepeatedTest,
    Verdict,
    build_record,
    gather_tests,
)
from .identity import MASTER
from .known_flakes import FILE as KNOWN_FILE
from .known_flakes import KnownFlaky, find_entry, find_unused, read_known
from .records import Span
from .repeats import Repeats, Repetition
from .schedules import pick_config_args
from .session import Session, usage_errors
from .verdict import fail_tests

FILE: Final = "flakes.json"
"""In our directory of pytest's cache: what the last run with repetitions showed."""

SHOWN_UNUSED: Final = 10


class FlakeWatch:
    """Knows the repetitions of a run, and says which tests are flaky."""

    def __init__(
        self,
        config: pytest.Config,
        session: Session,
        get_spans: Callable[[], Sequence[Span]],
        *,
        today: date | None = None,
    ) -> None:
        """Read the file of known flaky tests.

        :param get_spans: returns the tests that have ended so far, in the order of their ends.
        :raises pytest.UsageError: that file can't be used.
        """
        self._config = config
        self._session = session
        self._get_spans = get_spans
        self._today = today or datetime.now().astimezone().date()
        with usage_errors():
            self._known = _read_known(config, session)
        self._repeats = Repeats()
        self._repetitions: Mapping[str, Repetition] = {}
        self._nodeids: Sequence[str] = ()
        self._failures: defaultdict[tuple[str, str], list[tuple[float, Failure]]]
        self._failures = defaultdict(list)
        self._failed: Counter[str] = Counter()
        self._has_reruns = False
        self._record: FlakeRecord | None = None
        self._lines: list[str] = []
        self._properties = PropertyWriter() if config.getoption("xmlpath", None) else None
        if session.settings.fail_on_flaky and hasattr(config.option, "fail_on_flaky"):
            # pytest-rerunfailures would end the run with a status of its own, known flaky or not.
            config.option.fail_on_flaky = None

    # --- while tests run ---------------------------------------------------------------------

    def receive(self, text: str) -> None:
        """Take in what is repeated, as one worker tells it; called in a receiver thread."""
        self._repeats = Repeats.from_json(text)

    def begin(self, nodeids: Sequence[str], repeats: Repeats | None = None) -> None:
        """Take in what will run; called for each worker, since the one that tells may be last."""
        self._repeats = repeats or self._repeats
        self._nodeids = nodeids
        if self._repeats.places and not self._repetitions:
            self._repetitions = self._repeats.by_nodeid(nodeids)
            if self._properties is not None:
                self._properties.begin(self._repetitions)

    def note(self, report: pytest.TestReport) -> None:
        """Note a failure, and write what a test's repetitions showed into its last report.

        It has to be called after the recorder has taken in the report, and before pytest's
        junitxml does.
        """
        # str: pytest-rerunfailures writes an outcome of its own.
        outcome: str = report.outcome
        if outcome in ("failed", RERUN):
            self._has_reruns |= outcome == RERUN
            if outcome == "failed" and not hasattr(report, "wasxfail"):
                self._failed[report.nodeid] += 1
            failure = Failure(build_fingerprint(report, self._config.rootpath), shorten(report))
            # A crash's report, made up by pytest-xdist, tells no times.
            when = getattr(report, "stop", 0.0)
            self._failures[_name_worker(report), report.nodeid].append((when, failure))
        if self._properties is not None and self._repetitions and report.when == "teardown":
            self._properties.note(report, self._get_spans(), self._gather)

    # --- the end -----------------------------------------------------------------------------

    def close(self, session: pytest.Session) -> None:
        """Judge the run, and write down what its repetitions showed.

        It has to be called before anything else may fail the run: where known flaky tests are all
        that failed, it goes well.
        """
        if self._known and _is_whole(self._config):
            self._lines += self._render_unused()
        if not (self._repetitions or self._has_reruns or self._repeats.single):
            return
        tests = self._gather(self._get_spans())
        differing = [test for test in tests if test.verdict in (Verdict.FLAKY, Verdict.BROKEN)]
        clusters = find_clusters(differing)
        self._record = build_record(self._session.run_id, tests, clusters, self._repeats.single)
        self._judge(session, [test for test in tests if test.verdict is Verdict.FLAKY])
        keep_file(self._config, FILE, self._record.to_json())

    def print_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what the repetitions showed; with -qq nothing."""
        if self._config.get_verbosity() < -1:
            return
        record = self._record
        found: list[str] = []
        if record is not None:
            is_kept = find_directory(self._config) is not None
            arguments = map(str, self._config.invocation_params.args)
            config_args = pick_config_args(arguments) if is_kept else None
            found = render_record(record, config_args=config_args, explain=self._explain)
            if found:
                terminalreporter.section(render_title(record))
        for line in (*found, *self._lines):
            terminalreporter.write_line(line)

    def _gather(self, spans: Sequence[Span]) -> list[RepeatedTest]:
        scope = self._config.getoption("repeat_scope", "function")
        return gather_tests(spans, self._repetitions, self._find_failure, scope=scope)

    def _find_failure(self, span: Span) -> Failure | None:
        """Find what is known of a failed attempt; those of one node id are told apart by time."""
        if span.outcome not in FAILURES:
            return None
        known = self._failures.get((span.worker_id, span.nodeid), [])
        within = [failure for when, failure in known if span.start <= when <= span.stop]
        return next(iter([*within, *(failure for _, failure in known)]), Failure())

    def _judge(self, session: pytest.Session, flaky: Sequence[RepeatedTest]) -> None:
        excused = {test.nodeid for test in flaky if self._is_excused(test)}
        blamed = [test for test in flaky if test.nodeid not in excused]
        if blamed and self._session.settings.fail_on_flaky:
            fail_tests(session)
            self._lines.append(f"this run fails, because of {_count(len(blamed), 'flaky test')}")
        elif excused and self._has_only_failed(session, excused):
            session.exitstatus = pytest.ExitCode.OK
            self._lines.append(f"not failed for {_count(len(excused), 'known flaky test')}")

    def _is_excused(self, test: RepeatedTest) -> bool:
        entry = find_entry(self._known, test.nodeid)
        return entry is not None and not entry.is_expired(self._today) and test.went_well

    def _has_only_failed(self, session: pytest.Session, excused: set[str]) -> bool:
        """Tell whether the excused tests are all that this run, which came to its end, failed by.

        What pytest counts beyond our reports is an error of a collection or another plugin's.
        """
        if session.exitstatus != pytest.ExitCode.TESTS_FAILED:
            return False
        if session.shouldstop or session.shouldfail:
            return False
        if session.testsfailed != self._failed.total():
            return False
        return all(self._find_test(nodeid) in excused for nodeid in self._failed)

    def _find_test(self, nodeid: str) -> str:
        found = self._repetitions.get(nodeid)
        return found.test if found is not None else nodeid

    def _explain(self, nodeid: str) -> str:
        entry = find_entry(self._known, nodeid)
        return entry.render(self._today) if entry is not None else ""

    def _render_unused(self) -> list[str]:
        names = {self._find_test(nodeid) for nodeid in self._nodeids}
        unused = [entry.test for entry in find_unused(self._known, names)] if names else []
        more = len(unused) - SHOWN_UNUSED
        shown = ", ".join(unused[:SHOWN_UNUSED]) + (f" and {more} more" if more > 0 else "")
        return [f"known flaky, but no test of this run, so drop it: {shown}"] if unused else []


def _read_known(config: pytest.Config, session: Session) -> tuple[KnownFlaky, ...]:
    path = session.settings.known_flaky
    if path is not None:
        return read_known(path)
    path = config.rootpath / KNOWN_FILE
    return read_known(path) if path.is_file() else ()


def _is_whole(config: pytest.Config) -> bool:
    """Tell whether a run is of all tests that its configuration asks for."""
    option = config.option
    named = ("keyword", "lf", "deselect", "ignore", "ignore_glob", "stepwise", "collectonly")
    is_named = config.args_source is pytest.Config.ArgsSource.ARGS
    is_marked = any(str(one).startswith("-m") for one in config.invocation_params.args)
    return not (is_named or is_marked or any(getattr(option, name, None) for name in named))


def _name_worker(report: pytest.TestReport) -> str:
    node = getattr(report, "node", None)
    return MASTER if node is None else str(node.gateway.id)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
