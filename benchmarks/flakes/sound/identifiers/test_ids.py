import threading
import uuid

import pytest
from app.ids import Numbers, process_numbers, random_id, unique


def test_first_number():
    assert Numbers().next() == 1


def test_other_first_number():
    assert Numbers(10).next() == 10


def test_numbers_go_up():
    numbers = Numbers()
    assert [numbers.next() for _ in range(3)] == [1, 2, 3]


def test_numbers_of_the_process_go_up():
    first = process_numbers.next()
    assert process_numbers.next() > first


def test_unique_names_differ():
    assert unique("job") != unique("job")


def test_prefix():
    assert unique("job").startswith("job-")


def test_random_ids_differ():
    assert len({random_id() for _ in range(100)}) == 100


def test_random_ids_are_uuids():
    assert uuid.UUID(random_id()).version == 4


def test_numbers_of_threads_differ():
    numbers, found = Numbers(), []
    threads = [
        threading.Thread(target=lambda: found.extend(numbers.next() for _ in range(100)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(1, 401))


@pytest.mark.parametrize("name", ["a", "b"])
def test_name_based_ids(name):
    assert uuid.uuid5(uuid.NAMESPACE_DNS, name) == uuid.uuid5(uuid.NAMESPACE_DNS, name)


def test_directories_of_their_own(tmp_path):
    for _ in range(3):
        (tmp_path / unique("run")).mkdir()
    assert len(list(tmp_path.iterdir())) == 3
