import pytest
from app.poller import Poller


@pytest.fixture
def poller():
    made = Poller()
    yield made
    made.stop()


class TestPoller:
    def test_message_is_delivered(self, poller):
        poller.put("hello")
        assert poller.delivered.get(timeout=0.06) == "hello"

    def test_message_is_delivered_in_the_end(self, poller):
        poller.put("hello")
        assert poller.delivered.get(timeout=20) == "hello"

    def test_messages_keep_their_order(self, poller):
        for text in ("a", "b"):
            poller.put(text)
        assert [poller.delivered.get(timeout=20) for _ in range(2)] == ["a", "b"]

    def test_nothing_is_delivered(self, poller):
        assert poller.delivered.empty()


def test_stop_twice():
    poller = Poller()
    poller.stop()
    poller.stop()
    assert not poller.thread.is_alive()
