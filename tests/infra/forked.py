"""What a fork of the collecting process does: it runs its tests, tells each, and is gone."""

import json
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from .environment import WorkerEnvironment
from .failures import build_fingerprint, shorten
from .hunting import perturbations, waits
from .hunting.trials import Cast, Error, Sighting
from .hunting.undo import Keeper
from .recorder import has_say, judge
from .session import SESSION
from .stage import Stage, read_clock
from .staging import clone

SHOWN_MODULES: Final = 8
SHOWN_TEXT: Final = 2000

WON: Final = 7
"""Exit status of a fork whose last test failed."""

UNDO: Final = "undo"
"""Name of the directory in which forks note what they do to files."""

Writer = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Ground:
    """What the forks of a request find as it is.

    For a fork to look, at all modules above all, would copy so many pages that it takes as long as
    a small test.
    """

    own_modules: Sequence[ModuleType]
    own_directories: Sequence[str]
    """Those whose files nobody else reads."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one fork has to do."""

    cast: Cast
    number: int
    """Its place among the casts of the request."""
    stage: Stage
    path: Path
    """Where it tells how its tests go."""
    ground: Ground


def run_part(session: pytest.Session, part: Part) -> None:
    """Run the tests of a cast in this process, which was forked for that, and end it."""
    status = 1
    try:
        os.setsid()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
        with part.path.open("a", encoding="utf-8", buffering=1) as sink:
            has_failed = _run(session, part, sink.write)
        status = WON if has_failed else 0
    except BaseException:  # noqa: BLE001  whatever it is, this process must not come back
        traceback.print_exc(file=sys.__stderr__)
    finally:
        part.stage.leave(part.number)
        os._exit(status)


def _run(session: pytest.Session, part: Part, write: Writer) -> bool:
    """Run the tests; tell whether the last one failed, in its turn or in a probe."""
    config, stage, tests = session.config, part.stage, part.cast.tests
    slot = part.number if stage.is_shared else 0
    if stage.is_shared:
        become_worker(config, slot, stage.casts)
    restart_capture(config)
    # Nobody sees a failure of a fork; to draw it with its source takes longer than a test.
    config.option.tbstyle = "native"
    items = build_items(session, tests)
    ground = part.ground
    keeper = Keeper(part.path.with_name(UNDO), ground.own_directories)
    keeper.install()
    draw_anew()
    applied = perturbations.apply(
        part.cast.conditions, config.rootpath, slot=slot, own_modules=ground.own_modules
    )
    teller = Teller(part.cast, config.rootpath, keeper, write)
    config.pluginmanager.register(teller, "infra-forked")
    for step, item in enumerate(items):
        if stage.is_shared:
            stage.wait(part.number, step + 1)
        waits.note_main(getattr(getattr(item, "function", None), "__code__", None))
        if step in part.cast.probes and probe(items, step, teller, tests[-1]):
            return True
        teller.begin(tests[step], is_last=step == len(items) - 1)
        following = items[step + 1] if step + 1 < len(items) else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    write(json.dumps({"applied": applied.counts}) + "\n")
    return teller.has_failed


def probe(items: Sequence[pytest.Item], step: int, teller: "Teller", test: int) -> bool:
    """Run the last test now, in a fork of this fork; tell whether it failed."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1] != 0
    status = 1
    try:
        last, before = items[-1], items[step - 1]
        # What is set up is ready for the next test of the list, and not for the last one.
        # Not by the hook, in which plugins end what they did for the test, a second time.
        runner = before.config.pluginmanager.getplugin("runner")
        runner.pytest_runtest_teardown(item=before, nextitem=last)
        teller.begin(test, is_last=True, probe=step)
        last.config.hook.pytest_runtest_protocol(item=last, nextitem=None)
        status = int(teller.has_failed)
    except BaseException:  # noqa: BLE001  whatever it is, this process must not come back
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(status)


def build_items(session: pytest.Session, tests: Sequence[int]) -> list[pytest.Item]:
    """Return the tests to run; a second run is an item of its own."""
    seen: set[int] = set()
    items = []
    for test in tests:
        item = session.items[test]
        items.append(clone(item) if test in seen else item)
        seen.add(test)
    return items


def become_worker(config: pytest.Config, slot: int, count: int) -> None:
    """Be one of several workers, as far as tests can tell: by name, number, and directories."""
    session = config.stash[SESSION]
    worker_id = f"gw{slot}"
    environment = WorkerEnvironment(
        session.run_path,
        worker_id,
        slot=slot,
        prefix=session.settings.env_prefix,
        mode="parallel",
    )
    environment.open()
    config.stash[SESSION] = replace(
        session, worker_id=worker_id, worker_count=count, slot=slot, environment=environment
    )
    # Any: xdist's attribute of a worker's config, which its fixtures read.
    own: Any = config
    own.workerinput = {"workerid": worker_id, "workercount": count, "testrunuid": session.run_id}
    os.environ |= {"PYTEST_XDIST_WORKER": worker_id, "PYTEST_XDIST_WORKER_COUNT": str(count)}


def restart_capture(config: pytest.Config) -> None:
    """Capture into files of our own: those that a fork inherits are shared, their positions too."""
    manager = config.pluginmanager.getplugin("capturemanager")
    if manager is not None:
        manager.stop_global_capturing()
        manager.start_global_capturing()
        manager.suspend_global_capture()


def survey_ground(config: pytest.Config, directory: Path) -> Ground:
    """Look what forks will find; theirs is the directory above that of a request, too."""
    own = [directory.parent, config.stash[SESSION].run_path]
    # There is none under `-p no:cacheprovider`.
    if (cache := getattr(config, "cache", None)) is not None:
        own.append(cache.mkdir("d").parent)
    directories = [str(one.resolve()) for one in own]
    return Ground(perturbations.find_own_modules(config.rootpath), directories)


def draw_anew() -> None:
    """Forget the random state that all forks inherit."""
    random.seed()
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed()


class Teller:
    """Tells how each test goes, one line at its begin and one at its end."""

    def __init__(self, cast: Cast, root: Path, keeper: Keeper, write: Writer) -> None:
        self._cast = cast
        self._root = root
        self._keeper = keeper
        self._write = write
        self._test = self._probe = 0
        self.has_failed = False
        self._is_told = True
        self._start_s = 0.0
        self._errors: dict[str, Error] = {}
        self._places: dict[str, list[tuple[str, int]]] = {}
        self._reports: list[pytest.TestReport] = []

    def begin(self, test: int, *, is_last: bool, probe: int = 0) -> None:
        """Note which test is about to begin, and whether it is a probe before its turn."""
        self._test = test
        self._probe = probe
        self.has_failed = False
        self._is_told = is_last or not self._cast.is_brief
        self._start_s = read_clock()
        self._errors = {}
        self._reports = []
        self._keeper.touches.clear()
        if self._is_told:
            self._write(f'{{"begun": {test}}}\n')

    # Any: whatever the phase returns.
    def pytest_runtest_makereport(self, call: pytest.CallInfo[Any]) -> None:
        """Note the exception of a phase that failed; pytest makes the report."""
        if call.excinfo is not None:
            self._errors[call.when] = describe(call.excinfo, self._root)
            entries = call.excinfo.traceback
            self._places[call.when] = [(str(one.path), one.lineno + 1) for one in entries]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a phase, and tell of the test when it was the last."""
        if has_say(report):
            self._reports.append(report)
        if report.when != "teardown":
            return
        outcome = judge(self._reports)
        self.has_failed = outcome == "failed"
        if not self._is_told and outcome != "failed":
            return
        failure = next((one for one in self._reports if one.failed), None)
        sighting = Sighting(
            test=self._test,
            probe=self._probe,
            outcome=outcome,
            start_s=self._start_s,
            stop_s=read_clock(),
            fingerprint=self._build_fingerprint(failure) if failure else "",
            text=shorten(failure) if failure else "",
            error=self._errors.get(failure.when, Error()) if failure else Error(),
            touches=tuple(dict.fromkeys(self._keeper.touches)) if self._cast.is_watched else (),
        )
        self._write(json.dumps(asdict(sighting)) + "\n")

    def _build_fingerprint(self, failure: pytest.TestReport) -> str:
        return build_fingerprint(failure, self._root, self._places.get(failure.when, ()))


def describe(excinfo: pytest.ExceptionInfo[BaseException], root: Path) -> Error:
    """Describe an exception: what it is, where it came from, and the project's line."""
    error = excinfo.value
    frames = [(entry.frame.f_globals.get("__name__", ""), entry) for entry in excinfo.traceback]
    own = [entry for _, entry in frames if _is_within(Path(str(entry.path)), root)]
    number = getattr(error, "errno", None)
    return Error(
        types=tuple(f"{one.__module__}.{one.__qualname__}" for one in type(error).__mro__[:-1]),
        errno=number if isinstance(number, int) else 0,
        modules=tuple(str(name) for name, _ in frames[-SHOWN_MODULES:]),
        path=str(own[-1].path) if own else "",
        line=own[-1].lineno + 1 if own else 0,
        message=_read_message(error)[:SHOWN_TEXT],
    )


def _read_message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  a test's own exception may raise anything here
        return ""


def _is_within(path: Path, root: Path) -> bool:
    return path.is_relative_to(root) and "site-packages" not in path.parts
