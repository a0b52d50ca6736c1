import pytest

from tests.fixtures.proxmox.errors import DoubleError, Refusal, UnknownOperationError
from tests.fixtures.proxmox.faults import FaultList, find_requests, find_task_kind

START = ("POST", "/nodes/{node}/qemu/{vmid}/status/start")


def test_message_is_raised_as_a_refusal_with_status_500() -> None:
    faults = FaultList()
    faults.add("start", "no quorum", None)

    with pytest.raises(Refusal) as refused:
        faults.raise_for(*START)

    assert (refused.value.message, refused.value.status) == ("no quorum", 500)


def test_exception_is_raised_as_it_is() -> None:
    faults = FaultList()
    error = TimeoutError("slow")
    faults.add("start", error, None)

    with pytest.raises(TimeoutError) as raised:
        faults.raise_for(*START)

    assert raised.value is error


def test_other_requests_are_left_alone() -> None:
    faults = FaultList()
    faults.add("stop", "no quorum", None)

    faults.raise_for(*START)


def test_times_are_used_up() -> None:
    faults = FaultList()
    faults.add("start", "no quorum", 2)

    for _ in range(2):
        with pytest.raises(Refusal):
            faults.raise_for(*START)

    faults.raise_for(*START)


def test_no_times_are_refused() -> None:
    with pytest.raises(DoubleError, match="an error 0 times is none"):
        FaultList().add("start", "no quorum", 0)


@pytest.mark.parametrize("find", [find_requests, find_task_kind])
def test_unknown_operation_is_refused_with_the_list(find: object) -> None:
    assert callable(find)
    with pytest.raises(UnknownOperationError, match=r"'strat'; known are .*start"):
        find("strat")
