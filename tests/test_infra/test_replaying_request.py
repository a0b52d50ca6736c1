from dataclasses import replace

import pytest

from tests.infra.errors import ReplayError
from tests.infra.replaying.request import choose
from tests.test_infra.recorded import RUN_ID, make_schedule

SCHEDULE = make_schedule("gw0: a 0-2 b 2-5! a[x] 5-6", "gw1: c 0-3 d 4-6")


def list_names(worker_id: str, until: str) -> list[list[str]]:
    replay = choose(SCHEDULE, worker_id, until)
    return [[step.nodeid.partition("::")[2] for step in one.steps] for one in replay.workers]


@pytest.mark.parametrize(
    ("worker_id", "until", "expected"),
    [
        ("", "", [["a", "b", "a[x]"], ["c", "d"]]),
        ("gw1", "", [["c", "d"]]),
        ("gw0", "::b", [["a", "b"]]),
        ("gw0", "t.py::a", [["a"]]),
        ("", "::b", [["a", "b"], ["c", "d"]]),
        ("", "::c", [["a", "b"], ["c"]]),
    ],
    ids=["all", "worker", "until", "whole-id", "all-until", "what-began-later-is-out"],
)
def test_schedule_is_cut_to_what_is_asked_for(
    worker_id: str, until: str, expected: list[list[str]]
) -> None:
    assert list_names(worker_id, until) == expected


@pytest.mark.parametrize(
    ("worker_id", "until", "words"),
    [
        ("gw7", "", "had no such worker; those that ran tests were gw0, gw1"),
        ("gw1", "::b", "no such test ran there; give more of a node id; there were t.py::c"),
        ("", "", None),
        ("", "py::", "no such test ran there"),
    ],
    ids=["worker", "test-of-another-worker", "all", "not-an-end"],
)
def test_what_is_not_there_is_named(worker_id: str, until: str, words: str | None) -> None:
    if words is None:
        choose(SCHEDULE, worker_id, until)
        return
    with pytest.raises(ReplayError, match=words.replace("(", "\\(")):
        choose(SCHEDULE, worker_id, until)


def test_end_of_several_node_ids_is_ambiguous() -> None:
    schedule = make_schedule("gw0: aa 0-1 ba 1-2")

    with pytest.raises(ReplayError, match=r"could be any of several tests.*aa, t.py::ba"):
        choose(schedule, "gw0", "a")


def test_of_several_runs_of_a_test_the_failed_one_is_meant() -> None:
    schedule = make_schedule("gw0: a 0-1 a 1-2! a 2-3")

    (worker,) = choose(schedule, "gw0", "::a").workers

    assert [step.outcome for step in worker.steps] == ["passed", "failed"]


def test_one_process_stands_for_the_worker() -> None:
    role = choose(SCHEDULE, "gw1", "").build_role({"gw1": 11})

    assert (role.worker_id, role.worker_count, role.slot) == ("gw1", 2, 1)
    assert (role.run_id, role.run_seed) == (RUN_ID, 42)
    assert (dict(role.pids), dict(role.hash_seeds)) == ({"gw1": 11}, {"gw1": "1"})


def test_run_in_one_process_needs_no_worker() -> None:
    replay = choose(make_schedule("master: a 0-1"), "", "")

    assert replay.worker is not None
    assert replay.build_role({}).worker_id == "master"
    assert replay.render() == "replay of run 01234567, in one process: 1 tests"


def test_replacement_goes_on_with_the_slot_of_its_predecessor() -> None:
    schedule = make_schedule("gw0: a 0-1", "gw1: b 0-1")
    later = make_schedule("gw2: c 2-3").workers

    replay = choose(replace(schedule, workers=(*schedule.workers, *later)), "", "")

    assert [step.nodeid for step in replay.get_lists()[0]] == ["t.py::a", "t.py::c"]
