import pytest

from tests.fixtures.proxmox.errors import DoubleError, StandstillError, ViolationsError
from tests.fixtures.proxmox.journal import Call, Journal, Spelling, Violation

VIOLATION = Violation("POST", "/x", "no such thing", parameter="memry", nearest="memory")


def test_calls_leave_out_navigations() -> None:
    journal = Journal()
    call = Call("GET", "/nodes", "/nodes", {})
    journal.record(None, Spelling(()))
    journal.record(call, None)

    assert journal.calls == [call]
    assert len(journal.entries) == 2


def test_violation_names_path_parameter_and_nearest() -> None:
    text = str(VIOLATION)

    assert text == "POST /x, parameter 'memry': no such thing (nearest known: memory)"


def test_require_no_violations_lists_them_and_the_way_out() -> None:
    journal = Journal()
    journal.report([VIOLATION])

    with pytest.raises(ViolationsError, match=r"memry(.|\n)*expect_violation"):
        journal.require_no_violations()


def test_require_no_violations_is_quiet_without() -> None:
    Journal().require_no_violations()


def test_expected_violation_is_given_and_not_left() -> None:
    journal = Journal()

    with journal.expect_violation() as taken:
        journal.report([VIOLATION])

    assert taken == [VIOLATION]
    assert journal.violations == []


def test_expected_violation_leaves_the_earlier_ones() -> None:
    journal = Journal()
    journal.report([VIOLATION])

    with journal.expect_violation():
        journal.report([VIOLATION])

    assert journal.violations == [VIOLATION]


def test_expecting_a_violation_that_does_not_come_is_refused() -> None:
    with (
        pytest.raises(DoubleError, match="no violation in the block"),
        Journal().expect_violation(),
    ):
        pass


POLL = Call("GET", "/nodes/n/tasks/u/status", "/nodes/{node}/tasks/{upid}/status", {})


def poll(journal: Journal, times: int, call: Call = POLL) -> None:
    journal._patience = 3
    for _ in range(times):
        journal.record(call, None)


def test_polling_at_a_standstill_is_refused() -> None:
    journal = Journal(lambda: 5.0)

    poll(journal, 5)
    with pytest.raises(StandstillError, match=r"GET /nodes/n/tasks/u/status was sent 6 times"):
        poll(journal, 1)

    assert "builder.clock.advance" in journal.violations[0].problem


def test_polling_while_time_goes_on_is_fine() -> None:
    times = iter(range(100))

    poll(Journal(lambda: next(times)), 30)


def test_polling_while_nothing_waits_is_fine() -> None:
    poll(Journal(lambda: None), 30)


@pytest.mark.parametrize(
    "other",
    [POLL._replace(path="/nodes"), POLL._replace(method="POST")],
    ids=["path", "method"],
)
def test_other_requests_are_progress(other: Call) -> None:
    journal = Journal(lambda: 5.0)

    for _ in range(10):
        poll(journal, 5)
        poll(journal, 1, other)
