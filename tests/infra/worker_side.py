"""The hooks of a worker only; `plugin` registers them."""

import time
from typing import Any

import pytest

from . import benchmarks, repetition, status
from .leaks import OFF, Book, Leak
from .session import (
    BOOK,
    CHANNEL,
    FAREWELL,
    LEAK,
    MANIFEST,
    REPEATS,
    STARTED,
    Session,
    build_manifest,
    build_worker_record,
)


class WorkerSide:
    """The hooks of a worker only."""

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self._config = config
        self._session = session
        # Any: workerinput is xdist's attribute of a config, and holds what the controller put in.
        self._input: dict[str, Any] = getattr(config, "workerinput", {})
        self._startup_s = self._startup_cpu_s = 0.0
        # A signal to the whole process group would kill it; the controller answers for all.
        status.answer(config, lambda _now: "")
        if session.settings.has_own_scheduler:
            from .scheduler import keep_nodeids_clean  # noqa: PLC0415  needs xdist

            keep_nodeids_clean(config)
        if session.settings.isolation != OFF and CHANNEL in self._input:
            from .access_watch import AccessWatch  # noqa: PLC0415  paid by those who want it

            watch = AccessWatch(config, session, self._input[CHANNEL])
            config.pluginmanager.register(watch, "infra-access-watch")
        self._repeater = repetition.register(config)
        self._benchmarks = benchmarks.register(config, session.settings)
        self._book = Book()
        if session.settings.isolation != OFF:
            from . import isolation  # noqa: PLC0415  paid by those who want it

            isolation.register(config, session, self._tell, self._book)

    # tryfirst: against xdist, which sends the node ids in this hook; the manifest must be first.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell the controller who this is and which lanes its tests are in."""
        self._startup_cpu_s = time.process_time()
        self._startup_s = time.time() - self._input.get(STARTED, time.time())
        if channel := self._input.get(CHANNEL):
            channel.send((MANIFEST, build_manifest(self._session, session.items).to_json()))
            if self._session.slot == 0:
                repeats = self._repeater.find_repeats(session.items)
                if repeats.places or repeats.single:
                    channel.send((REPEATS, repeats.to_json()))
                if self._benchmarks and self._benchmarks.left_out:
                    channel.send((benchmarks.LEFT_OUT, str(self._benchmarks.left_out)))

    def _tell(self, leak: Leak) -> None:
        if channel := self._input.get(CHANNEL):
            channel.send((LEAK, leak.to_json()))

    def pytest_sessionfinish(self) -> None:
        """Tell the controller what this process took; xdist sends it when the hook is over."""
        record = build_worker_record(
            self._session, startup_s=self._startup_s, startup_cpu_s=self._startup_cpu_s
        )
        if (channel := self._input.get(CHANNEL)) and self._book.has_notes:
            channel.send((BOOK, self._book.to_json()))
        # Any: workeroutput is xdist's attribute of a worker's config.
        config: Any = self._config
        config.workeroutput[FAREWELL] = record.to_json()
