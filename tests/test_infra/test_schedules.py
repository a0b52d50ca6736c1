from dataclasses import replace

import pytest

from tests.infra.errors import RecordError
from tests.infra.schedules import (
    WorkerSchedule,
    add_steps,
    build_replay_command,
    parse_schedule,
    pick_config_args,
)
from tests.test_infra.recorded import make_schedule
from tests.test_infra.runs import make_run, make_span

GW0 = WorkerSchedule("gw0", 0, 10, 1000, "7")
GW1 = WorkerSchedule("gw1", 1, 11, 1100, "8")


def test_schedule_survives_its_file() -> None:
    schedule = make_schedule("gw0: a 0-2 b 2-3! a 3-4", "gw1: c 0-1")

    assert parse_schedule(schedule.to_json()) == schedule


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '{"format": "schedule", "version": 99}'],
    ids=["no-json", "list", "empty", "newer"],
)
def test_other_files_are_refused(text: str) -> None:
    with pytest.raises(RecordError, match="not a schedule"):
        parse_schedule(text)


def test_file_with_a_column_too_short_is_refused() -> None:
    text = make_schedule("gw0: a 0-2 b 2-3").to_json().replace('"pp"', '"p"')

    with pytest.raises(RecordError):
        parse_schedule(text)


def test_each_worker_gets_what_it_ran_in_order_of_time() -> None:
    spans = [make_span(1, 0, 5, 6), make_span(0, 1, 2, 3), make_span(2, 0, 2, 4, outcome="failed")]

    workers = add_steps([GW0, GW1], make_run(spans))

    assert [[step.nodeid for step in worker.steps] for worker in workers] == [
        ["t.py::test_2", "t.py::test_1"],
        ["t.py::test_0"],
    ]
    assert [step.outcome for step in workers[0].steps] == ["failed", "passed"]
    assert (workers[1].steps[0].start_s, workers[1].steps[0].stop_s) == (2, 3)


def test_worker_that_ran_nothing_is_left_out() -> None:
    workers = add_steps([GW0, GW1], make_run([make_span(0, 1, 0, 1)]))

    assert [worker.worker_id for worker in workers] == ["gw1"]


def test_attempts_that_follow_each_other_are_one_step() -> None:
    spans = [
        make_span(0, 0, 0, 1, outcome="rerun"),
        make_span(0, 0, 1, 2),
        make_span(1, 0, 2, 3, outcome="crashed"),
    ]

    (worker,) = add_steps([GW0], make_run(spans))

    assert [(step.start_s, step.stop_s, step.outcome) for step in worker.steps] == [
        (0, 2, "passed"),
        (2, 3, "crashed"),
    ]


def test_tests_of_one_name_are_numbered_by_the_collection() -> None:
    spans = [make_span(1, 0, 0, 1), make_span(0, 0, 1, 2)]
    run = make_run([replace(span, nodeid="t.py::a") for span in spans])

    (worker,) = add_steps([GW0], replace(run, nodeids=["t.py::a", "t.py::a"]))

    assert [step.nth for step in worker.steps] == [1, 0]


def test_command_names_run_worker_and_test() -> None:
    command = build_replay_command("01234567", "gw2", "t.py::a[x y]", ["-c", "p.ini"])

    words = "pytest -c p.ini --replay 01234567 --worker gw2 --until 't.py::a[x y]'"
    assert command == words


def test_command_gives_a_file_with_an_equals_sign() -> None:
    assert build_replay_command("/x/ci.json", "", "") == "pytest --replay=/x/ci.json"


def test_command_for_one_process_names_no_worker() -> None:
    assert build_replay_command("0123", "master", "") == "pytest --replay 0123"


def test_arguments_that_find_the_plugin_are_kept() -> None:
    arguments = ["-n", "4", "-c", "p.ini", "-pno:x", "t.py", "--rootdir=.", "-k", "a", "-o", "x=1"]

    picked = pick_config_args(arguments)

    assert picked == ["-c", "p.ini", "-pno:x", "--rootdir=.", "-o", "x=1"]
