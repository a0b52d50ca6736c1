import threading
import time

import pytest
from app.debounce import Debounce


@pytest.fixture
def calls():
    return []


def test_call_comes_after_the_pause(calls):
    save = Debounce(calls.append, pause_s=0.05)
    save("draft")
    time.sleep(0.0502)
    assert calls == ["draft"]


def test_no_call_at_once(calls):
    save = Debounce(calls.append, pause_s=60)
    save("draft")
    assert calls == []
    save.cancel()


def test_call_comes_at_last(calls):
    done = threading.Event()
    save = Debounce(lambda text: (calls.append(text), done.set()), pause_s=0.01)
    save("draft")
    assert done.wait(20)
    assert calls == ["draft"]


def test_last_call_wins(calls):
    done = threading.Event()
    save = Debounce(lambda text: (calls.append(text), done.set()), pause_s=0.2)
    for text in ("a", "b", "c"):
        save(text)
    assert done.wait(20)
    assert calls[-1] == "c"


def test_cancel_without_a_call(calls):
    Debounce(calls.append, 1).cancel()
    assert calls == []
