"""The controller's part of a run: its workers come and go, and it knows what all of them did.

It puts roster, plan, chronicle and audit together; which hook calls what is left to `plugin`,
which test goes where to `scheduler`.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from . import contention_report, report
from .access_log import AccessLog
from .archive import keep_file
from .audit import Audit, audit_run
from .chronicle import Chronicle
from .contention import Contention, join_accesses
from .leaks import Book, Leak
from .plan import Plan
from .records import RunRecord, WorkerRecord
from .roster import Roster
from .schedules import SHOWN_ID, WorkerSchedule, build_replay_command, pick_config_args
from .session import (
    ACCESSES,
    BOOK,
    CHANNEL,
    FAREWELL,
    LEAK,
    MANIFEST,
    RUN_PATH,
    RUN_SEED,
    SLOT,
    STARTED,
    Session,
)
from .status import Running, Status

if TYPE_CHECKING:
    from xdist.scheduler.protocol import Scheduling
    from xdist.workermanage import WorkerController

    from .replaying.sides import Placement
    from .scheduler import LaneScheduling


class Conductor:
    """Knows the workers of a run, what they run, and what they ran."""

    def __init__(self, config: pytest.Config, session: Session, chronicle: Chronicle) -> None:
        self._config = config
        self._session = session
        self._chronicle = chronicle
        self._specs: Sequence[Any] = ()
        self._slots: dict[str, int] = {}
        self._is_kept = False
        self._nodeids: Sequence[str] = ()
        self._failed: dict[str, list[str]] = {}
        self._collected: set[str] = set()
        self._crashed: set[str] = set()
        self._workers: list[WorkerRecord] = []
        self._ready = 0.0
        self._plan: Plan | None = None
        self._scheduler: LaneScheduling | None = None
        self.roster = Roster()
        self._access_log = AccessLog()
        self.book = Book()
        self._receivers: dict[str, Callable[[str], None]] = {
            MANIFEST: self.roster.receive,
            ACCESSES: self._access_log.receive,
            LEAK: lambda text: self.book.add(Leak.from_json(text)),
            BOOK: self.book.merge,
        }

    # --- workers -----------------------------------------------------------------------------

    # Any: execnet's specifications, one for each worker.
    def assign_slots(self, specs: Sequence[Any]) -> None:
        """Give each worker a number from 0 on; a replacement has its predecessor's specification.

        Its worker id, in contrast, is a new one.
        """
        self._specs = specs

    def open_worker(self, node: "WorkerController") -> None:
        """Open a channel of our own to a worker, and tell it what it can't know."""
        channel = node.gateway.newchannel()
        channel.setcallback(self.receive)
        node.workerinput[CHANNEL] = channel
        node.workerinput[RUN_PATH] = str(self._session.run_path)
        self._slots[node.gateway.id] = node.workerinput[SLOT] = self._find_slot(node)
        node.workerinput[RUN_SEED] = self._session.run_seed
        node.workerinput[STARTED] = time.time()

    def add_receiver(self, topic: str, receive: Callable[[str], None]) -> None:
        """Let messages of a further topic go to `receive`; before any worker is opened."""
        self._receivers[topic] = receive

    def receive(self, message: tuple[str, str]) -> None:
        """Hand a worker's message to who collects its kind; called in a receiver thread."""
        topic, text = message
        self._receivers[topic](text)

    def check_worker(self, node: "WorkerController", nodeids: Sequence[str]) -> list[str]:
        """Check what a worker that has collected told; return what to print when all have.

        :raises ManifestError: it told nothing, or something that contradicts the others.
        :raises RoutingConflictError: it has tests whose markers contradict each other.
        """
        self.roster.check(node.gateway.id)
        self._collected.add(node.gateway.id)
        if self._ready or len(self._collected) < node.workerinput["workercount"]:
            return []
        blocks = self.roster.get_blocks()
        self._ready = time.time()
        self._nodeids = nodeids
        lanes = report.render_lanes(self.roster.get_routings(), self.roster.get_widths())
        return [*report.render_blocks(blocks), *lanes]

    def close_worker(self, node: "WorkerController", error: object | None) -> None:
        """Note what a worker tells at its end; one that crashed tells nothing."""
        self._access_log.note_down(node.gateway.id, time.time())
        if error:
            self._crashed.add(node.gateway.id)
            self.roster.forget(node.gateway.id)
            self._chronicle.recorder.note_down(node.gateway.id)
            return
        told = getattr(node, "workeroutput", {}).get(FAREWELL)
        if told:
            self._workers.append(WorkerRecord.from_json(told))

    def note_failure(self, failed: pytest.TestReport) -> None:
        """Note which worker a failure, or a crash, happened on."""
        if node := getattr(failed, "node", None):
            self._failed.setdefault(node.gateway.id, []).append(failed.nodeid)

    def render_repeats(self) -> list[str]:
        """Render how to repeat what failed, one worker at a time."""
        placement = self._get_placement()
        if placement is None and not self._is_kept:
            return report.render_repeats(self._failed, self.roster.get_all_blocks())
        config_args = pick_config_args(map(str, self._config.invocation_params.args))
        if placement is not None:
            return placement.render_repeats(self._failed, config_args)
        run = self._session.run_id[:SHOWN_ID]
        return [
            build_replay_command(run, worker_id, nodeids[-1], config_args)
            for worker_id, nodeids in sorted(self._failed.items())
            if worker_id in self.roster.get_all_blocks()
        ]

    def _get_placement(self) -> "Placement | None":
        if not self._config.getoption("replaying"):
            return None
        from .replaying.sides import PLACEMENT  # noqa: PLC0415  paid by those who want it

        return self._config.stash.get(PLACEMENT, None)

    # --- scheduling --------------------------------------------------------------------------

    def make_scheduler(self) -> "Scheduling | None":
        """Make our scheduler, unless the user wants none or nothing is distributed."""
        from .scheduler import UNSCHEDULED_DISTS, LaneScheduling  # noqa: PLC0415  needs xdist

        if self._config.getoption("dist") in UNSCHEDULED_DISTS:
            return None
        if not self._session.settings.has_own_scheduler:
            return None
        placement = self._get_placement()
        make_dispatcher = placement.make_dispatcher if placement else None
        self._scheduler = LaneScheduling(
            self._config, get_plan=self.build_plan, make_dispatcher=make_dispatcher
        )
        return self._scheduler

    def build_plan(self, nodeids: Sequence[str]) -> Plan:
        """Build the plan of the tests that all workers have collected."""
        history = self._chronicle.history
        self._plan = Plan(
            nodeids,
            [estimate.cost_s for estimate in history.get_estimates(nodeids)],
            routings=self.roster.get_routings(),
            widths=self.roster.get_widths(),
            failed={index for index, name in enumerate(nodeids) if history.has_failed(name)},
            dist=self._config.getoption("dist"),
        )
        return self._plan

    def render_status(self, now: float) -> str:
        """Render who runs what; called by a signal, between any two steps of the controller."""
        if self._scheduler is None or self._plan is None:
            return report.render_status(Status(waiting=len(self._nodeids)), now)
        running = tuple(
            Running(worker_id, self._plan.nodeids[index], since, self._plan.costs_s[index])
            for worker_id, index, since in self._scheduler.get_running()
        )
        waiting = self._scheduler.count_left() - len(running)
        return report.render_status(Status(running, waiting), now)

    # --- the end -----------------------------------------------------------------------------

    def close(self, *, is_warm: bool = False) -> tuple[RunRecord, Audit]:
        """Put the record of the run together, audit it, and teach the next runs."""
        manifest = self.roster.agreed
        draft = RunRecord(
            run_id=self._session.run_id,
            worker_count=len(self._specs),
            started=self._chronicle.started,
            ready=self._ready,
            finished=0.0,
            nodeids=self._nodeids,
            routings=self.roster.get_routings(),
            widths=self.roster.get_widths(),
            spans=(),
            workers=self._workers,
        )
        markers = manifest.markers if manifest else {}
        run = self._chronicle.close(draft, markers, is_warm=is_warm)
        seed = self._session.run_seed
        self._is_kept = self._chronicle.keep_schedule(run, self._describe_workers(), seed)
        audit = audit_run(run, crashed=self._crashed) if self._plan else Audit()
        return run, audit

    def find_contention(self, run: RunRecord) -> Contention:
        """Find what two workers held at once, and write it down; called after `close`."""
        contention = join_accesses(self._access_log.close(run.spans))
        text = contention_report.render_json(contention)
        keep_file(self._config, contention_report.FILE, text)
        return contention

    def _describe_workers(self) -> Iterator[WorkerSchedule]:
        """Describe the workers that collected, without what they ran."""
        hash_seeds = self.roster.get_hash_seeds()
        blocks = self.roster.get_all_blocks()
        for worker_id in sorted(blocks, key=self._slots.__getitem__):
            block = blocks[worker_id]
            yield WorkerSchedule(
                worker_id=worker_id,
                slot=self._slots[worker_id],
                pid=block.pid,
                first_vmid=block.first,
                hash_seed=hash_seeds[worker_id],
            )

    def _find_slot(self, node: "WorkerController") -> int:
        found = [slot for slot, spec in enumerate(self._specs) if spec is node.gateway.spec]
        return found[0] if found else len(self._specs)
