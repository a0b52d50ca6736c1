import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.infra.hunting.conditions import Conditions
from tests.infra.hunting.interleaving import LIMIT, MOST_PAUSES, PAUSES, TURNS
from tests.infra.hunting.perturbations import apply
from tests.test_infra.forks import run_in_fork

ROOT = Path(__file__).parents[2]

TIMES = 60


class Counter:
    """Loses a step where two threads take it at the same time."""

    def __init__(self) -> None:
        self.value = 0

    def step(self) -> None:
        self.value += 1


def count_with_threads(conditions: Conditions) -> tuple[int, dict[str, int]]:
    """Let two threads count, and return how far they came."""

    def stage() -> tuple[int, dict[str, int]]:
        applied = apply(conditions, ROOT)
        counter = Counter()

        def count() -> None:
            for _ in range(TIMES):
                counter.step()

        threads = [threading.Thread(target=count) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return counter.value, dict(applied.counts)

    return run_in_fork(stage)


def test_interleaved_threads_lose_an_update() -> None:
    value, counts = count_with_threads(Conditions(threads="interleaved", seed=1))

    assert value < 2 * TIMES
    assert 0 < counts[TURNS] <= LIMIT


def test_threads_in_line_keep_all_updates() -> None:
    value, counts = count_with_threads(Conditions(threads="in-line"))

    assert value == 2 * TIMES
    assert counts == {"threads put in line": 2}


def note(done: list[int], number: int) -> None:
    """Take the longer, the lower the number."""
    time.sleep((6 - number) / 1000)
    done.append(number)


def test_work_of_a_pool_is_done_in_line() -> None:
    def stage() -> list[int]:
        apply(Conditions(threads="in-line"), ROOT)
        done: list[int] = []
        with ThreadPoolExecutor(4) as pool:
            for number in range(6):
                pool.submit(note, done, number)
        return done

    assert run_in_fork(stage) == [0, 1, 2, 3, 4, 5]


def count_lines(seed: int, root: Path = ROOT) -> int:
    """Tell how often a function of many lines is paused."""

    def stage() -> int:
        applied = apply(Conditions(pauses=seed), root)
        counter = Counter()
        for _ in range(10):
            counter.step()
        return applied.counts[PAUSES]

    def call() -> int:
        return stage()

    return run_in_fork(call)


def test_project_pauses_between_its_lines() -> None:
    assert 0 < count_lines(1) < MOST_PAUSES


def test_where_it_pauses_follows_from_the_number() -> None:
    counts = [count_lines(seed) for seed in (1, 2, 3, 4)]

    assert count_lines(1) == counts[0]
    assert len(set(counts)) > 1


def test_other_code_does_not_pause() -> None:
    assert count_lines(1, Path("/elsewhere")) == 0


@pytest.mark.parametrize(
    "conditions", [Conditions(threads="interleaved"), Conditions(pauses=1)], ids=["turns", "pauses"]
)
def test_threads_that_begin_at_once_all_run(conditions: Conditions) -> None:
    def stage() -> int:
        # Any hook of Python's lets others run while a trace function is being installed.
        sys.addaudithook(lambda event, _: time.sleep(0.01) if event == "sys.settrace" else None)
        apply(conditions, ROOT)
        ran: list[int] = []
        threads = [threading.Thread(target=ran.append, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(ran)

    assert run_in_fork(stage) == 8
