"""What of a recorded run shall run again: all workers or one, and up to which test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..errors import ReplayError
from ..identity import MASTER, Role
from ..schedules import BAD, SHOWN_ID, Schedule, Step, WorkerSchedule

SHOWN_TESTS = 5


@dataclass(frozen=True, slots=True)
class Replay:
    """A recorded run, cut to what shall run again."""

    schedule: Schedule
    worker: WorkerSchedule | None
    """Whose list one process runs; None: all workers run theirs."""
    until: str = ""
    """The whole node id of the last test, or empty."""

    @property
    def workers(self) -> Sequence[WorkerSchedule]:
        """The workers whose lists run."""
        return (self.worker,) if self.worker else self.schedule.workers

    def get_lists(self) -> dict[int, list[Step]]:
        """Return what each slot ran; a replacement goes on with what its predecessor had not."""
        lists: dict[int, list[Step]] = {slot: [] for slot in range(self.schedule.worker_count)}
        for worker in self.workers:
            lists.setdefault(worker.slot, []).extend(worker.steps)
        return {slot: sorted(steps, key=lambda step: step.start_s) for slot, steps in lists.items()}

    def build_role(self, pids: Mapping[str, int]) -> Role:
        """Build what the processes of this run need to stand for the recorded ones."""
        schedule, worker = self.schedule, self.worker
        return Role(
            run_id=schedule.run_id,
            run_seed=schedule.run_seed,
            pids=pids,
            hash_seeds={one.worker_id: one.hash_seed for one in self.workers if one.hash_seed},
            worker_id=worker.worker_id if worker else MASTER,
            worker_count=max(schedule.worker_count, 1),
            slot=worker.slot if worker else 0,
        )

    def render(self) -> str:
        """Render what runs again, in one line."""
        count = sum(len(worker.steps) for worker in self.workers)
        until = f", up to {self.until}" if self.until else ""
        return (
            f"replay of run {self.schedule.run_id[:SHOWN_ID]}, {self._name()}: {count} tests{until}"
        )

    def _name(self) -> str:
        count = self.schedule.worker_count
        if self.worker is None:
            return f"all {count} workers" if count > 1 else "its one worker"
        return f"{self.worker.worker_id} of {count}, in one process" if count else "in one process"


def choose(schedule: Schedule, worker_id: str, until: str) -> Replay:
    """Cut a schedule to what is asked for.

    :param worker_id: empty for all.
    :param until: a node id, or the end of one; empty for all.
    :raises ReplayError: it ran no such worker, or no such test, or several such tests.
    """
    worker = _find_worker(schedule, worker_id)
    if not until:
        return Replay(schedule, worker)
    workers = (worker,) if worker else schedule.workers
    last = _find_last(workers, until)
    cut = tuple(_cut(one, last) for one in schedule.workers)
    found = next((one for one in cut if worker and one.worker_id == worker.worker_id), None)
    return Replay(replace(schedule, workers=cut), found, last.nodeid)


def _find_worker(schedule: Schedule, worker_id: str) -> WorkerSchedule | None:
    names = [worker.worker_id for worker in schedule.workers]
    if worker_id and worker_id not in names:
        problem = f"--worker {worker_id}: run {schedule.run_id[:SHOWN_ID]} had no such worker"
        raise ReplayError(problem, f"those that ran tests were {', '.join(names)}")
    if not worker_id and schedule.worker_count:
        return None
    return next(worker for worker in schedule.workers if worker_id in ("", worker.worker_id))


def _find_last(workers: Sequence[WorkerSchedule], until: str) -> Step:
    """Find the test that is meant; of several runs of it the last that failed, or the last."""
    steps = [step for worker in workers for step in worker.steps]
    nodeids = list(dict.fromkeys(step.nodeid for step in steps if step.nodeid.endswith(until)))
    if until in nodeids:
        nodeids = [until]
    if len(nodeids) != 1:
        raise _build_error(until, nodeids or list(dict.fromkeys(step.nodeid for step in steps)))
    runs = [step for step in steps if step.nodeid == nodeids[0]]
    bad = [step for step in runs if step.outcome in BAD]
    return max(bad or runs, key=lambda step: step.stop_s)


def _build_error(until: str, nodeids: Sequence[str]) -> ReplayError:
    more = len(nodeids) - SHOWN_TESTS
    names = ", ".join(nodeids[:SHOWN_TESTS]) + (f" and {more} more" if more > 0 else "")
    is_ambiguous = all(nodeid.endswith(until) for nodeid in nodeids)
    problem = "could be any of several tests" if is_ambiguous else "no such test ran there"
    return ReplayError(f"--until {until}: {problem}", f"give more of a node id; there were {names}")


def _cut(worker: WorkerSchedule, last: Step) -> WorkerSchedule:
    """Leave out what began when the last test had ended."""
    steps = tuple(step for step in worker.steps if step is last or step.start_s < last.stop_s)
    return replace(worker, steps=steps)
