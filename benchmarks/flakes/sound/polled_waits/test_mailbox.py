import time

import pytest
from app.mailbox import Mailbox

PATIENCE_S = 30


def wait_until(is_true):
    deadline = time.monotonic() + PATIENCE_S
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def mailbox():
    made = Mailbox()
    yield made
    made.close()


def test_letter_arrives(mailbox):
    mailbox.send("hello")
    wait_until(lambda: mailbox.letters)
    assert mailbox.letters == ["hello"]


def test_condition_is_waited_for(mailbox):
    mailbox.send("hello")
    assert mailbox.wait_for(1, PATIENCE_S)


def test_all_letters_arrive(mailbox):
    for text in "abc":
        mailbox.send(text)
    wait_until(lambda: len(mailbox.letters) == 3)
    assert sorted(mailbox.letters) == ["a", "b", "c"]


def test_no_letters(mailbox):
    assert mailbox.letters == []


def test_wait_for_nothing(mailbox):
    assert mailbox.wait_for(0, 0)


def test_wait_in_vain(mailbox):
    assert not mailbox.wait_for(1, 0.01)


def test_close_waits(mailbox):
    mailbox.send("late")
    mailbox.close()
    assert mailbox.letters == ["late"]


def test_close_twice(mailbox):
    mailbox.close()
    mailbox.close()


def test_two_mailboxes(mailbox):
    other = Mailbox(0)
    other.send("x")
    other.close()
    assert (mailbox.letters, other.letters) == ([], ["x"])


def test_slow_mailbox():
    slow = Mailbox(0.1)
    slow.send("x")
    assert slow.wait_for(1, PATIENCE_S)
    slow.close()
