"""A run in one process, without workers: what it runs, and what it ran.

Which hook calls what is left to `plugin`.
"""

import time
from collections.abc import Sequence

import pytest

from . import report
from .chronicle import Chronicle
from .errors import RoutingConflictError
from .records import Manifest, RunRecord
from .schedules import WorkerSchedule
from .session import Session, build_manifest, build_worker_record
from .status import Running, Status


class Soloist:
    """Knows what the one process of a run has collected and runs."""

    def __init__(self, session: Session, chronicle: Chronicle) -> None:
        self._session = session
        self._chronicle = chronicle
        self._manifest: Manifest | None = None
        self._nodeids: Sequence[str] = ()
        self._current: tuple[str, float] | None = None
        self._ready = self._startup_cpu_s = 0.0

    def note_collected(self, items: Sequence[pytest.Item]) -> None:
        """Note what will run.

        :raises RoutingConflictError: tests have markers that contradict each other.
        """
        self._ready, self._startup_cpu_s = time.time(), time.process_time()
        self._manifest = build_manifest(self._session, items)
        self._nodeids = [item.nodeid for item in items]
        if self._manifest.conflicts:
            raise RoutingConflictError(self._manifest.conflicts)

    def note_start(self, nodeid: str) -> None:
        """Note which test runs."""
        self._current = (nodeid, time.monotonic())

    def render_status(self, now: float) -> str:
        """Render what runs; called by a signal, between any two steps of a test."""
        waiting = len(self._nodeids) - len(self._chronicle.recorder.spans)
        if self._current is None:
            return report.render_status(Status(waiting=waiting), now)
        running = Running(self._session.worker_id, *self._current)
        return report.render_status(Status((running,), max(waiting - 1, 0)), now)

    def close(self) -> None:
        """Teach the next runs."""
        if self._manifest is None:
            return
        startup_s = self._ready - self._chronicle.started
        worker = build_worker_record(
            self._session, startup_s=startup_s, startup_cpu_s=self._startup_cpu_s
        )
        draft = RunRecord(
            run_id=self._session.run_id,
            worker_count=0,
            started=self._chronicle.started,
            ready=self._ready,
            finished=0.0,
            nodeids=self._nodeids,
            routings=self._manifest.routings,
            widths=self._manifest.widths,
            spans=(),
            workers=(worker,),
        )
        run = self._chronicle.close(draft, self._manifest.markers)
        me = WorkerSchedule(
            worker_id=self._session.worker_id,
            slot=self._session.slot,
            pid=self._manifest.block.pid,
            first_vmid=self._manifest.block.first,
            hash_seed=self._manifest.hash_seed,
        )
        self._chronicle.keep_schedule(run, [me], self._session.run_seed)
