import random

import pytest
from app import backoff


def test_delays_grow():
    found = list(backoff.delays(6))
    assert found == sorted(found)


def test_delays_without_jitter():
    assert list(backoff.delays(3, jitter=0)) == [1, 2, 4]


def test_delays_are_bounded():
    assert all(0.5 * 2**n <= one <= 1.5 * 2**n for n, one in enumerate(backoff.delays(5)))


def test_seeded_delays():
    one, other = (list(backoff.delays(4, generator=random.Random(3))) for _ in range(2))
    assert one == other


def test_retry_waits():
    waited = []
    answers = iter([ConnectionError(), ConnectionError(), "ok"])

    def call():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert backoff.retry(call, [1, 2, 3], waited.append) == "ok"
    assert waited == [1, 2]


def test_retry_gives_up():
    def call():
        raise ConnectionError

    with pytest.raises(ConnectionError):
        backoff.retry(call, [1], lambda _wait: None)
