import signal
import threading
import time

import pytest

from tests.infra.sharing.deadlines import call_within, wait_until
from tests.infra.sharing.errors import DeadlinePassedError


def test_call_returns_what_the_action_does() -> None:
    assert call_within(lambda: 7, 5.0) == 7


def test_stuck_call_is_left_in_its_own_thread() -> None:
    threads: list[threading.Thread] = []

    def act() -> None:
        threads.append(threading.current_thread())
        try:
            threading.Event().wait(30)
        except Exception:  # noqa: BLE001  as careless code does
            time.sleep(30)

    with pytest.raises(DeadlinePassedError, match=r"longer than 0\.05 s"):
        call_within(act, 0.05)

    assert threads == [threading.main_thread()]


def test_timer_and_handler_that_were_there_come_back() -> None:
    before = signal.getsignal(signal.SIGALRM)
    signal.setitimer(signal.ITIMER_REAL, 500)
    try:
        call_within(lambda: None, 5.0)
        left_s, _ = signal.getitimer(signal.ITIMER_REAL)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)

    assert 400 < left_s <= 500
    assert signal.getsignal(signal.SIGALRM) is before


def test_other_threads_have_deadlines_too() -> None:
    gate = threading.Event()
    found: list[object] = []

    def ask() -> None:
        try:
            call_within(gate.wait, 0.05)
        except DeadlinePassedError as error:
            found.append(error.timeout_s)
        found.append(call_within(lambda: 3, 5.0))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    gate.set()

    assert found == [0.05, 3]


def test_error_of_the_action_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        call_within(lambda: 1 // 0, 5.0)


def test_waiting_ends_with_the_time() -> None:
    answers = iter([False, False, True])

    assert wait_until(lambda: next(answers), 5.0)
    assert not wait_until(lambda: False, 0.01)
