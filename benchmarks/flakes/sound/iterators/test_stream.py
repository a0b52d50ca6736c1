import contextlib

import pytest
from app import stream

NUMBERS = (1, 2, 3, 4, 5)


@pytest.fixture
def log():
    return []


@pytest.mark.parametrize(("size", "count"), [(1, 5), (2, 3), (9, 1)])
def test_chunks(size, count):
    assert len(list(stream.chunks(NUMBERS, size))) == count


def test_chunks_are_lazy():
    source = iter(NUMBERS)
    next(stream.chunks(source, 2))
    assert next(source) == 3


def test_tracked(log):
    with stream.tracked(log, "a"):
        pass
    assert log == ["open a", "close a"]


def test_closed_after_an_error(log):
    with contextlib.suppress(KeyError), stream.tracked(log, "a"):
        raise KeyError
    assert log[-1] == "close a"


def test_closed_in_reverse(log):
    with contextlib.ExitStack() as stack:
        for name in "ab":
            stack.enter_context(stream.tracked(log, name))
    assert log[2:] == ["close b", "close a"]


def test_merged():
    assert stream.merged("ac", "bd") == ["a", "b", "c", "d"]


def test_merged_of_different_lengths():
    with pytest.raises(ValueError, match="shorter"):
        stream.merged("abc", "d")


def test_running_total():
    assert stream.running_total(NUMBERS) == [1, 3, 6, 10, 15]


def test_generator_is_closed(log):
    def numbers():
        try:
            yield from NUMBERS
        finally:
            log.append("closed")

    generator = numbers()
    next(generator)
    generator.close()
    assert log == ["closed"]
