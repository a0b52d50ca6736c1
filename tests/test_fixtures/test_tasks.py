import pytest

from tests.fixtures.proxmox.clock import EPOCH_S, Clock
from tests.fixtures.proxmox.errors import Refusal
from tests.fixtures.proxmox.schema.results import UPID_PATTERN
from tests.fixtures.proxmox.tasks import TaskBook, TaskFailure, no_work


def make_book(duration_s: float = 0) -> tuple[TaskBook, Clock]:
    clock = Clock()
    book = TaskBook(clock)
    clock.drive(book.settle)
    book.duration_s = duration_s
    return book, clock


def refuse(_now: int) -> None:
    raise Refusal("no luck")


def test_upid_has_the_fields_of_proxmox() -> None:
    book, _clock = make_book()

    upid = book.submit("qmstart", node="node1", ident="100")

    assert upid == f"UPID:node1:000003E8:0000000A:{EPOCH_S:08X}:qmstart:100:root@pam:"
    assert UPID_PATTERN.fullmatch(upid)


def test_task_without_duration_has_ended_when_submit_returns() -> None:
    book, _clock = make_book()

    task = book.find("node1", book.submit("qmstart", node="node1", ident="100"))

    assert (task.exitstatus, task.lines) == ("OK", ["TASK OK"])


def test_task_with_duration_takes_effect_when_the_clock_has_come_there() -> None:
    book, clock = make_book(duration_s=10)
    effects: list[int] = []
    task = book.find("node1", book.submit("x", node="node1", ident="1", work=effects.append))

    clock.advance(9.9)
    before = (task.is_running, list(effects))
    clock.advance(60)

    assert before == (True, [])
    assert (effects, task.endtime) == ([EPOCH_S + 10], EPOCH_S + 10)


def test_tasks_end_in_the_order_of_their_ends() -> None:
    book, clock = make_book(duration_s=20)
    order: list[str] = []
    book.submit("slow", node="node1", ident="1", work=lambda _now: order.append("slow"))
    book.duration_s = 5
    book.submit("quick", node="node1", ident="1", work=lambda _now: order.append("quick"))

    clock.advance(30)

    assert order == ["quick", "slow"]


def test_refusal_inside_a_task_is_its_exit_status_and_undoes_it() -> None:
    book, _clock = make_book()
    undone: list[int] = []

    upid = book.submit("x", node="node1", ident="1", work=refuse, undo=undone.append)

    task = book.find("node1", upid)
    assert (task.exitstatus, task.lines) == ("no luck", ["TASK ERROR: no luck"])
    assert undone == [EPOCH_S]


def test_stopped_task_is_undone_and_never_takes_effect() -> None:
    book, clock = make_book(duration_s=10)
    effects: list[str] = []
    upid = book.submit(
        "x", node="node1", ident="1",
        work=lambda _now: effects.append("work"), undo=lambda _now: effects.append("undo"),
    )  # fmt: skip

    book.stop(book.find("node1", upid))
    clock.advance(60)

    assert effects == ["undo"]
    assert book.find("node1", upid).exitstatus == "received interrupt"


def test_stopping_an_ended_task_changes_nothing() -> None:
    book, _clock = make_book()
    task = book.find("node1", book.submit("x", node="node1", ident="1"))

    book.stop(task)

    assert task.exitstatus == "OK"


@pytest.mark.parametrize(
    ("upid", "complaint"),
    [
        pytest.param("abc", "unable to parse worker upid", id="malformed"),
        pytest.param(
            "UPID:node1:00000001:00000001:00000001:qmstart:100:root@pam:", "no such task",
            id="unknown",
        ),
    ],
)  # fmt: skip
def test_find_refuses(upid: str, complaint: str) -> None:
    book, _clock = make_book()

    with pytest.raises(Refusal) as refused:
        book.find("node1", upid)

    assert (refused.value.status, refused.value.errors) == (400, {"upid": complaint})


def test_find_refuses_a_task_of_another_node() -> None:
    book, _clock = make_book()
    upid = book.submit("x", node="node1", ident="1")

    with pytest.raises(Refusal):
        book.find("node2", upid)


def test_fail_is_used_up() -> None:
    book, _clock = make_book()
    book.fail("x", "broken", times=1)

    upids = [book.submit("x", node="node1", ident="1") for _ in range(2)]

    assert [book.find("node1", upid).exitstatus for upid in upids] == ["broken", "OK"]


def test_newest_first_lists_one_node() -> None:
    book, _clock = make_book()
    for node, ident in (("node1", "1"), ("node2", "2"), ("node1", "3")):
        book.submit("x", node=node, ident=ident)

    idents = [task.ident for task in book.newest_first("node1")]

    assert idents == ["3", "1"]


def test_failure_is_narrowed_and_used_up() -> None:
    book, _clock = make_book()
    book.add_failure(TaskFailure(frozenset({"x"}), "broken", 1, node="node1", ident="7"))

    ends = [
        book.find("node1", book.submit(kind, node="node1", ident=ident)).exitstatus
        for kind, ident in (("y", "7"), ("x", "8"), ("x", "7"), ("x", "7"))
    ]

    assert ends == ["OK", "OK", "broken", "OK"]


def test_unused_failures_are_described() -> None:
    book, _clock = make_book()
    book.add_failure(TaskFailure(frozenset({"x"}), "met", times=2))
    book.add_failure(TaskFailure(frozenset({"y", "z"}), "not met", times=1))
    book.add_failure(TaskFailure(frozenset({"z"}), "always"))

    book.submit("x", node="node1", ident="")

    assert book.unused_failures() == ["end 'not met' of y or z"]


def test_ended_task_holds_on_to_no_work() -> None:
    book, _clock = make_book()

    task = book.find("node1", book.submit("x", node="node1", ident="", work=lambda _now: None))

    assert task.work is task.undo is no_work
