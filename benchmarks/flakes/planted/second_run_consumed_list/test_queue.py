import pytest
from app.queue import drain

JOBS = ["load", "check", "store"]
MORE = ("a", "b")


def test_jobs_are_done_in_order():
    assert drain(JOBS) == ["LOAD", "CHECK", "STORE"]


def test_no_jobs():
    assert drain([]) == []


def test_jobs_are_taken():
    jobs = list(MORE)
    drain(jobs)
    assert jobs == []


@pytest.mark.parametrize("count", [1, 2])
def test_every_job_is_done(count):
    assert len(drain(list(MORE) * count)) == 2 * count


def test_a_tuple_is_refused():
    with pytest.raises(AttributeError):
        drain(MORE)
