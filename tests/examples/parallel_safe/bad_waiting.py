"""Hopes that a moment is long enough."""

import threading
import time


def test_worker_says_that_it_is_done() -> None:
    said: list[str] = []
    thread = threading.Thread(target=said.append, args=["done"])

    thread.start()
    time.sleep(0.1)

    assert said == ["done"]
