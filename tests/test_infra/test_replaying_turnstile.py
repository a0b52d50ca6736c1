from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.infra.replaying.fitting import Wait
from tests.infra.replaying.turnstile import ALL, NANO, Counters, Turnstile

FREE = Wait((0, 0), (0, 0))


class Clock:
    """Time that passes while somebody pauses; `at` does something at a pause."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.pauses = 0
        self.at: dict[int, Callable[[], None]] = {}

    def __call__(self) -> int:
        return int(self.now_s * NANO)

    def pause(self, _seconds: float) -> None:
        self.pauses += 1
        self.now_s += 0.1
        self.at.pop(self.pauses, lambda: None)()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counters(tmp_path: Path) -> Iterator[Counters]:
    opened = Counters(tmp_path / "counters", 2)
    yield opened
    opened.close()


def make(counters: Counters, waits: Sequence[Wait], clock: Clock) -> Turnstile:
    """Make that of slot 0; it waits a second in vain."""
    return Turnstile(counters, 0, waits, patience_s=1.0, clock=clock, pause=clock.pause)


def test_tests_are_counted_for_everybody(counters: Counters, clock: Clock, tmp_path: Path) -> None:
    turnstile = make(counters, [FREE, FREE], clock)
    elsewhere = Counters(tmp_path / "counters", 2)

    turnstile.enter()
    assert (elsewhere.get_begun(0), elsewhere.get_ended(0)) == (1, 0)
    turnstile.leave()
    turnstile.enter()

    assert (elsewhere.get_begun(0), elsewhere.get_ended(0)) == (2, 1)
    assert elsewhere.get_begun(1) == 0
    elsewhere.close()


def test_test_waits_for_the_end_of_another(counters: Counters, clock: Clock) -> None:
    turnstile = make(counters, [Wait((0, 1), (0, 1))], clock)
    counters.note(1, begun=1, ended=0, now_ns=clock())
    clock.at[3] = lambda: counters.note(1, begun=1, ended=1, now_ns=clock())

    turnstile.enter()

    assert clock.pauses == 3
    assert not counters.diverged


def test_gap_behind_the_last_event_is_waited_for(counters: Counters, clock: Clock) -> None:
    turnstile = make(counters, [Wait((0, 1), (0, 0), slot=1, gap_s=0.45)], clock)
    counters.note(1, begun=1, ended=0, now_ns=clock())

    turnstile.enter()

    assert clock.pauses == 5


def test_gap_is_not_waited_for_when_more_has_happened(counters: Counters, clock: Clock) -> None:
    turnstile = make(counters, [Wait((0, 1), (0, 0), slot=1, gap_s=5.0)], clock)
    counters.note(1, begun=1, ended=1, now_ns=clock())

    turnstile.enter()

    assert clock.pauses == 0


def test_who_waits_in_vain_goes_on_and_nobody_waits_any_more(
    counters: Counters, clock: Clock
) -> None:
    never = Wait((0, 9), (0, 9))
    turnstile = make(counters, [never, never], clock)

    turnstile.enter()
    waited = clock.pauses
    turnstile.leave()
    turnstile.enter()

    assert counters.diverged == 1
    assert waited == pytest.approx(11, abs=1)
    assert clock.pauses == waited


def test_patience_begins_anew_with_each_event(counters: Counters, clock: Clock) -> None:
    turnstile = make(counters, [Wait((0, 2), (0, 2))], clock)
    clock.at[8] = lambda: counters.note(1, begun=1, ended=1, now_ns=clock())
    clock.at[16] = lambda: counters.note(1, begun=2, ended=2, now_ns=clock())

    turnstile.enter()

    assert clock.pauses == 16
    assert not counters.diverged


def test_patience_ends_when_nothing_follows_an_event(counters: Counters, clock: Clock) -> None:
    turnstile = make(counters, [Wait((0, 2), (0, 2))], clock)
    clock.at[5] = lambda: counters.note(1, begun=1, ended=1, now_ns=clock())
    clock.at[100] = lambda: pytest.fail("it waits for ever")

    turnstile.enter()

    assert counters.diverged == 1


def test_nobody_waits_for_a_worker_that_has_ended(counters: Counters, clock: Clock) -> None:
    other = Turnstile(counters, 1, [FREE], clock=clock, pause=clock.pause)
    other.close()

    make(counters, [Wait((0, 9), (0, 9))], clock).enter()

    assert clock.pauses == 0
    assert counters.get_ended(1) == ALL


def test_replacement_goes_on_counting(counters: Counters, clock: Clock) -> None:
    counters.note(0, begun=3, ended=3, now_ns=clock())

    make(counters, [FREE] * 5, clock).enter()

    assert (counters.get_begun(0), counters.get_ended(0)) == (4, 3)
