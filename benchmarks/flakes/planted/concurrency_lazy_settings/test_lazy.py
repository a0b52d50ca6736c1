import random
import threading
import time

import pytest
from app.lazy import Lazy, LockedLazy


@pytest.fixture
def path(tmp_path):
    (tmp_path / "settings.json").write_text('{"size": 3}')
    return tmp_path / "settings.json"


def get_in_threads(lazy, count):
    found = []

    def visit():
        # Visitors come at times of their own.
        time.sleep(random.SystemRandom().uniform(0, 0.006))
        found.append(lazy.get("size"))

    threads = [threading.Thread(target=visit) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_settings_are_loaded_once(path):
    lazy = Lazy(path)
    assert get_in_threads(lazy, 2) == [3] * 2
    assert lazy.loads == 1


def test_locked_settings_are_loaded_once(path):
    lazy = LockedLazy(path)
    get_in_threads(lazy, 4)
    assert lazy.loads == 1


def test_all_threads_get_the_value(path):
    assert get_in_threads(LockedLazy(path), 3) == [3, 3, 3]


def test_nothing_is_loaded_at_first(path):
    assert Lazy(path).loads == 0


def test_second_use_loads_nothing(path):
    lazy = Lazy(path)
    assert [lazy.get("size"), lazy.get("size"), lazy.loads] == [3, 3, 1]


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        Lazy(tmp_path / "none").get("size")
