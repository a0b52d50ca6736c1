"""The hooks of a replay, called as pytest and xdist call them."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.infra.identity import LEASED_BLOCKS
from tests.infra.plan import Plan
from tests.infra.replaying.differences import find_usable_pids, list_differences
from tests.infra.replaying.launch import build_arguments, find_program, wait_for
from tests.infra.replaying.request import Replay, choose
from tests.infra.replaying.sides import (
    OneProcess,
    Placement,
    WorkerPart,
    build_side,
    find_slot,
)
from tests.infra.replaying.turnstile import ALL, FILE, Counters
from tests.infra.session import RUN_PATH, SLOT, Session
from tests.test_infra.recorded import make_schedule

SCHEDULE = make_schedule("gw0: a 0-1 b 1-2", "gw1: c 0-1")
BOTH = choose(SCHEDULE, "", "")
SECOND = choose(SCHEDULE, "gw1", "")
PATH = Path("/x/run.json")


class Terminal:
    """Pytest's reporter, as far as it is told something."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def ensure_newline(self) -> None:
        self.lines.append("")

    def write_line(self, line: str, **_: bool) -> None:
        self.lines.append(line)


class Crew:
    """Takes what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[Hashable, list[int]]] = []

    def send(self, worker: Hashable, indices: list[int]) -> None:
        self.sent.append((worker, indices))

    def steal(self, worker: Hashable, indices: list[int]) -> None:
        raise AssertionError((worker, indices))

    def close(self, worker: Hashable) -> None:
        pass


class Node:
    """xdist's worker, as far as the controller knows it."""

    def __init__(self, slot: int) -> None:
        self.workerinput = {SLOT: slot}


@pytest.fixture
def session(infra_session: Session, tmp_path: Path) -> Session:
    """This process's session, in a run's directory of its own."""
    return replace(infra_session, run_path=tmp_path, worker_id="gw1", slot=1, worker_count=2)


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


MakeConfig = Callable[..., Any]


@pytest.fixture
def make_config(terminal: Terminal) -> Iterator[MakeConfig]:
    """Make what stands in for pytest's configuration; what it is to clean up is done at the end."""
    cleanups: list[Callable[[], object]] = []

    # Any: pytest's own class is final.
    def make(**attributes: object) -> Any:
        manager = SimpleNamespace(getplugin=lambda _name: terminal)
        return SimpleNamespace(pluginmanager=manager, add_cleanup=cleanups.append, **attributes)

    yield make
    for work in cleanups:
        work()


@pytest.fixture
def placement(make_config: MakeConfig, session: Session) -> Placement:
    return Placement(make_config(), session, BOTH)


@pytest.fixture
def counters(session: Session) -> Iterator[Counters]:
    """What another process of the run would see."""
    made = Counters(session.run_path / FILE, 2)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("attributes", "replay", "side"),
    [
        ({"workerinput": {}}, BOTH, WorkerPart),
        ({}, SECOND, OneProcess),
        ({}, BOTH, Placement),
    ],
)
def test_each_process_has_its_side(
    make_config: MakeConfig,
    session: Session,
    attributes: dict[str, object],
    replay: Replay,
    side: type,
) -> None:
    assert type(build_side(make_config(**attributes), session, replay)) is side


def test_one_process_shows_what_xdist_shows_in_a_worker(
    make_config: MakeConfig, session: Session
) -> None:
    config = make_config()
    side = OneProcess(config, session, SECOND)

    side.pytest_sessionstart()

    assert config.workeroutput == {}
    assert config.workerinput["workerid"] == "gw1"
    assert (config.workerinput[SLOT], config.workerinput[RUN_PATH]) == (1, str(session.run_path))
    assert side.pytest_report_header()[0].startswith("infra: ")


def test_one_process_without_workers_shows_none(make_config: MakeConfig, session: Session) -> None:
    config = make_config()

    OneProcess(
        config, session, choose(make_schedule("master: a 0-1"), "", "")
    ).pytest_sessionstart()

    assert not hasattr(config, "workerinput")


def test_tests_that_are_not_in_the_list_are_deselected(
    make_config: MakeConfig, session: Session
) -> None:
    deselected: list[Any] = []

    def note(items: list[Any]) -> None:
        deselected.extend(items)

    hook = SimpleNamespace(pytest_deselected=note)
    side = OneProcess(make_config(), session, choose(SCHEDULE, "gw0", ""))
    # Any: items, as far as they are asked.
    items: list[Any] = [PlainItem(f"t.py::{name}") for name in "cb"]

    hooked = side.pytest_collection_modifyitems(make_config(hook=hook), items)
    next(hooked)
    with suppress(StopIteration):
        next(hooked)

    assert [item.nodeid for item in items] == ["t.py::b"]
    assert [item.nodeid for item in deselected] == ["t.py::c"]
    (line,) = side.pytest_report_collectionfinish()
    assert line.endswith("not collected any more: t.py::a")


class PlainItem:
    """A test that has been collected."""

    def __init__(self, nodeid: str) -> None:
        self.nodeid = nodeid


def test_controller_sends_each_slot_its_list_and_names_what_is_missing(
    placement: Placement, terminal: Terminal
) -> None:
    crew, nodes = Crew(), [Node(0), Node(1)]
    plan = Plan(["t.py::c", "t.py::b"], [1.0, 1.0])

    dispatcher = placement.make_dispatcher(plan, crew)
    for node in nodes:
        dispatcher.add(node)
    dispatcher.pump()

    assert crew.sent == [(nodes[0], [1]), (nodes[1], [0])]
    assert terminal.lines[-1].endswith("not collected any more: t.py::a")
    assert find_slot(nodes[1]) == 1


@pytest.mark.parametrize(("begun", "ended", "left"), [(1, 0, 1), (1, 1, 2)])
def test_nobody_waits_for_the_test_that_a_worker_died_in(
    placement: Placement, counters: Counters, begun: int, ended: int, left: int
) -> None:
    counters.note(1, begun=begun, ended=ended, now_ns=7)
    placement._note_crash(1)
    assert (counters.get_begun(1), counters.get_ended(1)) == (left, left)

    counters.note(1, begun=ALL, ended=ALL, now_ns=7)
    placement._note_crash(1)
    assert counters.get_ended(1) == ALL


def test_placement_that_diverged_is_told(
    placement: Placement, counters: Counters, terminal: Terminal
) -> None:
    # Any: it stands in for pytest's own.
    reporter: Any = terminal
    placement.pytest_terminal_summary(reporter)
    assert terminal.lines == []

    counters.diverge(1)
    placement.pytest_terminal_summary(reporter)

    assert terminal.lines == ["infra: the placement diverged: the worker of slot 1 waited in vain"]
    assert placement.pytest_report_header()


def drive(hooked: Iterator[None]) -> None:
    """Drive a wrapper as pluggy does."""
    next(hooked)
    with suppress(StopIteration):
        next(hooked)


def test_worker_tells_what_it_runs_and_that_nothing_follows(
    session: Session, counters: Counters
) -> None:
    part = WorkerPart(session, BOTH)
    collected: Any = SimpleNamespace(items=[PlainItem(f"t.py::{name}") for name in "abc"])
    counters.note(0, begun=ALL, ended=ALL, now_ns=0)

    part.pytest_collection_finish(collected)
    hooked = part.pytest_runtest_protocol()
    next(hooked)
    assert (counters.get_begun(1), counters.get_ended(1)) == (1, 0)
    with suppress(StopIteration):
        next(hooked)
    assert (counters.get_begun(1), counters.get_ended(1)) == (1, 1)

    part.pytest_sessionfinish()
    assert counters.get_ended(1) == ALL


def test_worker_without_a_shared_file_begins_when_tests_come(
    session: Session, tmp_path: Path
) -> None:
    part = WorkerPart(replace(session, run_path=tmp_path / "elsewhere"), BOTH)
    collected: Any = SimpleNamespace(items=[])

    part.pytest_collection_finish(collected)
    drive(part.pytest_runtest_protocol())
    part.pytest_sessionfinish()

    assert not (tmp_path / "elsewhere").exists()


# --- what is otherwise, and the process that runs again ------------------------------------------


def make_worker(**changes: Any) -> Replay:
    worker = replace(SCHEDULE.workers[0], **changes)
    return choose(replace(SCHEDULE, workers=(worker,)), "gw0", "")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"hash_seed": ""}, "the hash seed of gw0 was drawn by the interpreter"),
        ({"pid": 2**40}, "gw0 gets other VMIDs: "),
        ({"pid": 1}, "process 1 lives, and owns the VMIDs that gw0 had"),
    ],
)
def test_what_a_worker_had_and_has_not_is_told(
    session: Session, changes: dict[str, object], text: str
) -> None:
    lines = list_differences(make_worker(**changes), session.settings)

    assert any(text in line for line in lines)


def test_process_ids_beyond_this_system_s_have_no_block() -> None:
    workers = [replace(SCHEDULE.workers[0], pid=pid) for pid in (1, LEASED_BLOCKS * 2**20)]

    assert find_usable_pids(workers) == {"gw0": 1}


def test_seed_of_random_order_is_the_recorded_one() -> None:
    replay = choose(replace(SCHEDULE, randomly_seed=5), "gw0", "")

    assert build_arguments(replay, [], PATH)[-1] == "--randomly-seed=5"


def test_script_is_called_as_a_script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    replay = choose(replace(SCHEDULE, is_module=False), "gw0", "")
    (tmp_path / "pytest").touch()
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))

    assert find_program(replay) == [str(tmp_path / "python"), str(tmp_path / "pytest")]


class Process:
    """A pytest that is interrupted, and then ends."""

    def __init__(self, status: int, interrupts: int = 0) -> None:
        self.status = status
        self.interrupts = interrupts
        self.heard: list[int] = []

    def wait(self) -> int:
        if self.interrupts:
            self.interrupts -= 1
            raise KeyboardInterrupt
        return self.status

    def send_signal(self, number: int) -> None:
        self.heard.append(number)


@pytest.mark.parametrize(("status", "code"), [(0, 0), (1, 1), (-9, 137)])
def test_replay_ends_as_its_pytest(status: int, code: int) -> None:
    process: Any = Process(status)

    assert wait_for(process) == code


def test_interrupt_without_a_terminal_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    process: Any = Process(2, interrupts=1)
    monkeypatch.setattr("sys.stdin", None)

    assert wait_for(process) == 2
    assert process.heard == [2]
