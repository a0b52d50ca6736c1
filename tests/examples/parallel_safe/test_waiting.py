"""Waits for what it needs, with a deadline that only a failure reaches."""

import threading


def test_worker_says_that_it_is_done() -> None:
    said: list[str] = []
    thread = threading.Thread(target=said.append, args=["done"])

    thread.start()
    thread.join(timeout=30)

    assert said == ["done"]
