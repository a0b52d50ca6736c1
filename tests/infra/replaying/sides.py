"""The hooks of a replay: in the one process, in a worker, and in the controller."""

import contextlib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from ..dispatch import Crew
from ..identity import is_worker
from ..plan import Plan
from ..recorded_dispatch import RecordedDispatcher
from ..schedules import SHOWN_ID, build_replay_command
from ..session import RUN_PATH, SLOT, Session
from ..shelf import find_shelf
from .differences import list_differences, render_missing
from .fitting import Fitted, find_waits, fit
from .request import Replay
from .turnstile import ALL, FILE, PATIENCE_S, Counters, Turnstile

LONG: Final = 3
"""A test may take this many times what it took before others stop waiting for it."""


PLACEMENT: Final = pytest.StashKey["Placement"]()
"""Of the controller that repeats the run of all workers."""


class OneProcess:
    """Runs one list in this process, as the worker that had it."""

    def __init__(self, config: pytest.Config, session: Session, replay: Replay) -> None:
        self._config = config
        self._session = session
        self._replay = replay
        self._missing: list[str] = []

    def pytest_report_header(self) -> list[str]:
        """Tell what runs again, and what is otherwise."""
        return render_header(self._replay, self._session)

    # tryfirst: against plugins and conftests that look for a worker when the session starts.
    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Show what xdist shows in a worker.

        Not before: plugins that are configured for a worker expect their own controller's gifts.
        """
        session = self._session
        if self._replay.schedule.worker_count == 0:
            return
        # Any: attributes that xdist gives to a worker's config.
        config: Any = self._config
        config.workeroutput = {}
        config.workerinput = {
            "workerid": session.worker_id,
            "workercount": session.worker_count,
            "testrunuid": session.run_id,
            "mainargv": ["pytest"],
            RUN_PATH: str(session.run_path),
            SLOT: session.slot,
        }

    # wrapper, tryfirst: outermost, after every plugin and conftest that sorts or deselects.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Iterator[None]:
        """Keep what is in the list, in its order."""
        yield
        assert self._replay.worker is not None
        fitted, self._missing = fit({0: self._replay.worker.steps}, [item.nodeid for item in items])
        chosen = [items[index] for index, _ in fitted[0]]
        if left_out := set(items) - set(chosen):
            config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = chosen

    def pytest_report_collectionfinish(self) -> list[str]:
        """Tell what is not there any more."""
        return render_missing(self._missing)


class Placement:
    """The controller's part: gives each slot its list, and tells what came of it."""

    def __init__(self, config: pytest.Config, session: Session, replay: Replay) -> None:
        self._config = config
        self._session = session
        self._replay = replay
        self._counters = Counters(session.run_path / FILE, len(replay.get_lists()))
        config.add_cleanup(self._counters.close)

    def pytest_report_header(self) -> list[str]:
        """Tell what runs again, and what is otherwise."""
        return render_header(self._replay, self._session)

    def make_dispatcher(self, plan: Plan, crew: Crew) -> RecordedDispatcher:
        """Make what sends the recorded lists; called once all workers have collected."""
        lists, missing = fit(self._replay.get_lists(), plan.nodeids)
        terminal = self._config.pluginmanager.getplugin("terminalreporter")
        for line in render_missing(missing) if terminal else ():
            terminal.ensure_newline()
            terminal.write_line(line)
        return RecordedDispatcher(
            {slot: [index for index, _ in fitted] for slot, fitted in lists.items()},
            crew,
            get_slot=find_slot,
            note_crash=self._note_crash,
        )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say so where the order in time could not be kept."""
        if slot := self._counters.diverged:
            line = f"infra: the placement diverged: the worker of slot {slot - 1} waited in vain"
            terminalreporter.write_line(line, yellow=True)

    def render_repeats(
        self, failed: Mapping[str, Sequence[str]], config_args: Sequence[str]
    ) -> list[str]:
        """Render how to repeat what failed, one worker of the recorded run at a time.

        :param failed: id of a worker of this run to its failures.
        :param config_args: what `pick_config_args` picked.
        """
        path = Path(self._config.getoption("replaying"))
        is_ours = path.parent == find_shelf(self._config)
        run = self._replay.schedule.run_id[:SHOWN_ID] if is_ours else str(path)
        last = {name: nodeids[-1] for name, nodeids in sorted(failed.items())}
        return [
            build_replay_command(run, self._find_recorded(name, nodeid), nodeid, config_args)
            for name, nodeid in last.items()
        ]

    def _find_recorded(self, worker_id: str, nodeid: str) -> str:
        """Find who ran a test then, in which the worker that replaced another had its own name."""
        names = [
            worker.worker_id
            for worker in self._replay.workers
            if any(step.nodeid == nodeid for step in worker.steps)
        ]
        return worker_id if worker_id in names else next(iter(names), "")

    def _note_crash(self, slot: int) -> None:
        """Count the test that a worker died in, so that nobody waits for its end."""
        begun = max(self._counters.get_begun(slot), self._counters.get_ended(slot) + 1)
        now_ns = self._counters.get_moment_ns(slot)
        if begun < ALL:
            self._counters.note(slot, begun=begun, ended=begun, now_ns=now_ns)


class WorkerPart:
    """A worker's part: begins each test in its turn."""

    def __init__(self, session: Session, replay: Replay) -> None:
        self._session = session
        self._replay = replay
        self._turnstile: Turnstile | None = None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Find out what each test waits for; the list comes from the controller."""
        nodeids = [item.nodeid for item in session.items]
        lists, _ = fit(self._replay.get_lists(), nodeids)
        # A worker on another host shares no file with us: its tests begin when they come.
        with contextlib.suppress(OSError):
            self._turnstile = self._open(lists)

    # wrapper, tryfirst: outermost, so that waiting counts to no test and to no plugin's timeout.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Iterator[None]:
        """Begin the test in its turn."""
        if self._turnstile is None:
            return (yield)
        self._turnstile.enter()
        try:
            return (yield)
        finally:
            self._turnstile.leave()

    def pytest_sessionfinish(self) -> None:
        """Let nobody wait for what this worker did not run."""
        if self._turnstile is not None:
            self._turnstile.close()

    def _open(self, lists: Mapping[int, Sequence[Fitted]]) -> Turnstile:
        counters = Counters(self._session.run_path / FILE, len(lists))
        took_s = [step.stop_s - step.start_s for fitted in lists.values() for _, step in fitted]
        patience_s = max(PATIENCE_S, LONG * max(took_s, default=0.0))
        slot = self._session.slot
        return Turnstile(counters, slot, find_waits(lists, slot), patience_s=patience_s)


def render_header(replay: Replay, session: Session) -> list[str]:
    """Render what runs again, and what is otherwise than it was."""
    return [f"infra: {replay.render()}", *list_differences(replay, session.settings)]


def find_slot(worker: Hashable) -> int:
    """Return the slot of one of xdist's workers."""
    # Any: the dispatcher knows workers as hashable things only.
    node: Any = worker
    return int(node.workerinput[SLOT])


def build_side(
    config: pytest.Config, session: Session, replay: Replay
) -> OneProcess | Placement | WorkerPart:
    """Build the hooks of this process."""
    if is_worker(config):
        return WorkerPart(session, replay)
    if replay.worker is not None:
        return OneProcess(config, session, replay)
    return Placement(config, session, replay)
