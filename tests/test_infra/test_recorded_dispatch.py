from collections.abc import Hashable

import pytest

from tests.infra.recorded_dispatch import RecordedDispatcher


class Crew:
    """Notes what is sent; a worker is a name that ends in its slot."""

    def __init__(self) -> None:
        self.sent: list[tuple[Hashable, list[int]]] = []
        self.closed: list[Hashable] = []

    def send(self, worker: Hashable, indices: list[int]) -> None:
        self.sent.append((worker, list(indices)))

    def steal(self, worker: Hashable, indices: list[int]) -> None:
        raise AssertionError((worker, indices))

    def close(self, worker: Hashable) -> None:
        self.closed.append(worker)


@pytest.fixture
def crew() -> Crew:
    return Crew()


@pytest.fixture
def crashed_slots() -> list[int]:
    return []


@pytest.fixture
def dispatcher(crew: Crew, crashed_slots: list[int]) -> RecordedDispatcher:
    """Two workers, three tests on the first, none on the second, and both know it."""
    made = RecordedDispatcher(
        {0: [4, 2, 7], 1: []},
        crew,
        get_slot=lambda worker: int(str(worker)[-1]),
        note_crash=crashed_slots.append,
    )
    made.add("a0")
    made.add("a1")
    made.pump()
    return made


def test_each_worker_gets_its_list_whole_and_ends(
    dispatcher: RecordedDispatcher, crew: Crew
) -> None:
    assert crew.sent == [("a0", [4, 2, 7])]
    assert crew.closed == ["a0", "a1"]
    assert dispatcher.is_done()
    assert dispatcher.get_running() == {"a0": 4}


def test_list_is_sent_once(dispatcher: RecordedDispatcher, crew: Crew) -> None:
    dispatcher.pump()

    assert len(crew.sent) == 1


def test_completed_tests_are_counted(dispatcher: RecordedDispatcher) -> None:
    for index in (4, 2):
        dispatcher.complete("a0", index, 0.1)
    assert (dispatcher.count_left(), dispatcher.has_pending()) == (1, True)

    dispatcher.complete("a0", 7, 0.1)

    assert not dispatcher.has_pending()
    assert dispatcher.remove("a0") is None


def test_replacement_goes_on_behind_the_test_that_crashed(
    dispatcher: RecordedDispatcher, crew: Crew, crashed_slots: list[int]
) -> None:
    dispatcher.complete("a0", 4, 0.1)

    assert dispatcher.remove("a0") == 2
    assert not dispatcher.is_done()
    dispatcher.add("b0")
    dispatcher.pump()

    assert crashed_slots == [0]
    assert crew.sent[-1] == ("b0", [7])


def test_crashed_test_runs_again_where_a_plugin_wants_it(
    dispatcher: RecordedDispatcher, crew: Crew
) -> None:
    dispatcher.remove("a0")
    dispatcher.run_again(4)
    dispatcher.add("b0")
    dispatcher.pump()

    assert crew.sent[-1] == ("b0", [4, 2, 7])


def test_nothing_is_sent_while_the_run_is_being_ended(
    dispatcher: RecordedDispatcher, crew: Crew
) -> None:
    dispatcher.remove("a0")
    dispatcher.is_stopping = True
    dispatcher.add("b0")
    dispatcher.pump()

    assert len(crew.sent) == 1
    assert dispatcher.give_up() == 2
    assert not dispatcher.has_pending()
