import pytest
from app.retry import Breaker, GaveUp, retry


class Flaky:
    def __init__(self, failures):
        self.failures = failures
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.calls <= self.failures:
            raise ConnectionError(self.calls)
        return "ok"


class Clock:
    def __init__(self):
        self.now = 1000.0
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_answer_comes_in_the_end(clock, failures):
    assert retry(Flaky(failures), sleep=clock.sleep) == "ok"


def test_gives_up(clock):
    with pytest.raises(GaveUp):
        retry(Flaky(3), sleep=clock.sleep)


def test_pauses_double(clock):
    retry(Flaky(2), sleep=clock.sleep)
    assert clock.slept == [1, 2]


def test_no_pause_after_the_last_try(clock):
    with pytest.raises(GaveUp):
        retry(Flaky(9), tries=2, sleep=clock.sleep)
    assert clock.slept == [1]


def test_other_errors_are_raised(clock):
    with pytest.raises(ZeroDivisionError):
        retry(lambda: 1 / 0, sleep=clock.sleep)


def test_breaker_opens(clock):
    breaker = Breaker(1, 60, clock)
    with pytest.raises(ConnectionError):
        breaker.call(Flaky(1))
    with pytest.raises(GaveUp):
        breaker.call(Flaky(0))


def test_breaker_closes(clock):
    breaker = Breaker(1, 60, clock)
    with pytest.raises(ConnectionError):
        breaker.call(Flaky(1))
    clock.sleep(60)
    assert breaker.call(Flaky(0)) == "ok"


def test_closed_breaker(clock):
    assert Breaker(1, 60, clock).call(Flaky(0)) == "ok"
