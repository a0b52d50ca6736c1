"""Collects once, then runs lists of tests in forks, as it is asked; loaded by `-p` only.

Who asks is `hunting.oracle`, over two pipes, a line of JSON each way: the first line out tells what
was collected, then each `Request` is followed by one line for all its casts.  A fork costs
milliseconds where a new process costs a second; what it inherits (locks, threads) it shares with
no fresh process, so what is found here is confirmed in one.
"""

import contextlib
import gc
import importlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import pytest

from .forked import UNDO, WON, Part, run_part, survey_ground
from .hunting.trials import Answer, Ending, Request, read_answer
from .hunting.undo import take_back
from .loads import make_load
from .stage import Stage
from .staging import know_cache_dir, switch_off

POLL_S: Final = 0.0005
LONGEST_POLL_S: Final = 0.01

TEMP: Final = "PYTEST_DEBUG_TEMPROOT"
"""Pytest's own variable: where its temporary directories go."""

NOT_NEEDED: Final = ("terminalreporter", "junitxml", "infra-solo", "infra-guard", "pastebin")
"""Plugins that would tell of each test what nobody reads."""


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the option by which we are asked to serve."""
    know_cache_dir(parser, pluginmanager)
    group = parser.getgroup("hunt", "runs lists of tests in forks")
    group.addoption(
        "--serve", default="", metavar="IN,OUT,DIR", help="descriptors to hear and answer on"
    )


# tryfirst: against pytest's cacheprovider and stepwise, which read their options when configured.
@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Switch off what leaves tests out or changes their order, and serve instead of running."""
    where = config.getoption("serve")
    if where:
        switch_off(config)
        inlet, outlet, directory = where.split(",", 2)
        server = Server(int(inlet), int(outlet), Path(directory))
        config.pluginmanager.register(server, "infra-forkserver")


@dataclass(slots=True)
class Fork:
    """A process that runs one cast."""

    pid: int
    part: Part
    deadline: float
    ending: Ending | None = None
    has_won: bool = False
    """Whether its last test failed; asked in a race."""

    def read(self) -> list[str]:
        """Return the lines that it wrote; one that was killed may have cut a letter in two."""
        return self.part.path.read_text(encoding="utf-8", errors="replace").splitlines()


class Server:
    """Answers requests until the other end is closed."""

    def __init__(self, inlet: int, outlet: int, directory: Path) -> None:
        self._requests: IO[str] = os.fdopen(inlet, "r", encoding="utf-8")
        self._answers: IO[str] = os.fdopen(outlet, "w", encoding="utf-8")
        self._directory = directory
        self._count = 0
        self._collection_errors: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected."""
        if report.failed:
            self._collection_errors.append(f"{report.nodeid}: {report.longreprtext[-2000:]}")

    # tryfirst: instead of pytest's own loop.
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Tell what was collected, and serve."""
        self._tell(
            nodeids=[item.nodeid for item in session.items],
            errors=self._collection_errors,
            root=str(session.config.rootpath),
            files=[str(item.path) for item in session.items],
            sources=find_sources(session.config.rootpath),
        )
        for name in NOT_NEEDED:
            if session.config.pluginmanager.hasplugin(name):
                session.config.pluginmanager.unregister(name=name)
        with contextlib.suppress(ImportError):
            # Else each fork that sets the clock would import it.
            importlib.import_module("time_machine")
        settle()
        for line in self._requests:
            request = Request.from_json(line)
            directory = self._directory / str(self._count)
            self._count += 1
            found = run_request(session, request, directory)
            clear(os.environ.get(TEMP, ""))
            self._tell(casts=[{"ending": one.ending, "lines": one.read()} for one in found])
        return True

    def _tell(self, **facts: object) -> None:
        self._answers.write(json.dumps(facts) + "\n")
        self._answers.flush()


def settle() -> None:
    """Take what there is out of the collection of garbage before many forks are made.

    The first collection in a fork would write to, and so copy, all pages.
    """
    gc.collect()
    gc.freeze()


def answer(session: pytest.Session, request: Request, directory: Path) -> list[Answer]:
    """Run all casts of a request in forks of this process, and tell what each did."""
    found = run_request(session, request, directory)
    return [read_answer(one.read(), one.ending or Ending.DIED) for one in found]


def run_request(session: pytest.Session, request: Request, directory: Path) -> list[Fork]:
    """Run all casts of a request, then take back what they did to files.

    Who is interrupted or terminated meanwhile ends them first.
    """
    directory.mkdir(parents=True)
    forks: list[Fork] = []
    with _end_by_exception() as before, make_load(request, directory):
        try:
            _run(session, request, directory, forks, before)
        finally:
            for fork in forks:
                if fork.ending is None:
                    _end(fork)
            take_back(directory / UNDO)
    return forks


def _run(
    session: pytest.Session,
    request: Request,
    directory: Path,
    forks: list[Fork],
    on_termination: "signal._HANDLER",
) -> None:
    stage = Stage(len(request.casts) if request.in_step else 1)
    ground = survey_ground(session.config, directory)
    limit = len(request.casts) if request.in_step else max(request.at_once, 1)
    for number, cast in enumerate(request.casts):
        _wait_for_place(forks, limit)
        if limit == 1:
            take_back(directory / UNDO)
        path = directory / f"{number}.jsonl"
        path.touch()
        part = Part(cast, number, stage, path, ground)
        with _no_interrupt():
            pid = os.fork()
            if not pid:
                signal.signal(signal.SIGTERM, on_termination)
                run_part(session, part)
            forks.append(Fork(pid, part, time.monotonic() + request.patience_s))
    if request.is_race:
        _wait_for_winner(forks)
    _wait_for_place(forks, 1)


def find_sources(root: Path) -> list[str]:
    """Return the files of the project's own modules that are imported, without ours."""
    own = Path(__file__).parent
    loaded = [Path(getattr(module, "__file__", None) or "") for module in [*sys.modules.values()]]
    return sorted(
        str(path)
        for path in loaded
        if path.suffix == ".py"
        and path.is_relative_to(root)
        and not path.is_relative_to(own)
        and "site-packages" not in path.parts
    )


def clear(root: str) -> None:
    """Remove pytest's temporary directories: each fork makes one of its own."""
    if root:
        for path in Path(root).glob("pytest-of-*/pytest-*"):
            shutil.rmtree(path, ignore_errors=True)


def _wait_for_place(forks: Sequence[Fork], limit: int) -> None:
    """Wait until fewer than `limit` forks live; end those whose time is over."""
    pause_s = POLL_S
    while True:
        living = [fork for fork in forks if fork.ending is None]
        for fork in living:
            _look_at(fork)
        if sum(fork.ending is None for fork in living) < limit:
            return
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, LONGEST_POLL_S)


def _wait_for_winner(forks: Sequence[Fork]) -> None:
    """Wait until the last test of one has failed, and end the others, or until all have ended."""
    while any(fork.ending is None for fork in forks):
        for fork in forks:
            if fork.ending is None:
                _look_at(fork)
        if any(fork.has_won for fork in forks):
            for fork in forks:
                if fork.ending is None:
                    _end(fork, Ending.CUT)
        time.sleep(POLL_S)


def _look_at(fork: Fork) -> None:
    pid, status = os.waitpid(fork.pid, os.WNOHANG)
    if pid:
        fork.has_won = os.waitstatus_to_exitcode(status) == WON
        fork.ending = Ending.COMPLETE if fork.has_won or not status else Ending.DIED
        _kill_group(fork.pid)
        # One that was killed could not say so itself.
        fork.part.stage.leave(fork.part.number)
    elif time.monotonic() > fork.deadline:
        _end(fork)


def _end(fork: Fork, ending: Ending = Ending.HUNG) -> None:
    _kill_group(fork.pid)
    # It leads no group yet where it has only just begun.
    os.kill(fork.pid, signal.SIGKILL)
    os.waitpid(fork.pid, 0)
    fork.ending = ending
    fork.part.stage.leave(fork.part.number)


def _kill_group(pid: int) -> None:
    """End what a fork's tests have started and not ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


@contextlib.contextmanager
def _end_by_exception() -> "Iterator[signal._HANDLER]":
    """Let SIGTERM raise here, and give what it does otherwise."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield before
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _no_interrupt() -> Iterator[None]:
    """Keep a signal from being heard twice, by us and by a fork, or before the fork is noted."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


if sys.platform == "win32":
    raise ImportError("a hunt needs a system that can fork")
