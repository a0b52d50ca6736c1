"""Recorded runs and their replays, each in processes of its own."""

import json
import shlex
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.infra.circumstances import Circumstances
from tests.infra.errors import ReplayError
from tests.infra.replaying.differences import is_alive, list_differences, render_missing
from tests.infra.replaying.launch import (
    build_arguments,
    build_environ,
    find_program,
    refuse_contradictions,
)
from tests.infra.replaying.request import choose
from tests.infra.session import Session
from tests.test_infra.conftest import InnerSuite
from tests.test_infra.recorded import RUN_ID, make_schedule

PATH = Path("/x/run.json")

SUITE = """
    import json, os, random, sys
    from pathlib import Path
    import pytest

    ORDER = []

    @pytest.fixture(autouse=True)
    def fact(request, worker_id, worker_slot, process_unique_vmid):
        ORDER.append(request.node.name)
        facts = (request.node.name, worker_id, worker_slot, process_unique_vmid, random.random(),
                 hash("a"), os.environ["PYTEST_XDIST_WORKER"], os.environ["PROXMOX_TEST_MODE"],
                 os.environ["PYTEST_XDIST_WORKER_COUNT"], hasattr(request.config, "workerinput"))
        with Path("facts").open("a") as file:
            file.write(json.dumps(facts) + "\\n")

    @pytest.mark.parametrize("number", range(12))
    def test_number(number):
        assert len(ORDER) != 4 or os.environ["PYTEST_XDIST_WORKER"] != "gw1"
"""


def take_facts(inner: InnerSuite) -> dict[str, list[Any]]:
    """Return what the tests noted, by worker, and forget it."""
    path = inner.path / "facts"
    facts: dict[str, list[Any]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        fact = json.loads(line)
        facts[fact[1]].append(fact)
    path.unlink()
    return facts


@pytest.mark.proof
def test_failed_worker_and_whole_placement_come_again(inner: InnerSuite) -> None:
    inner.write(test_it=SUITE)
    failed = inner.run("-n", "2", "--isolation=off")
    recorded = take_facts(inner)
    (command,) = [line for line in failed.outlines if " --worker gw1 --until " in line]

    alone = inner.run(*shlex.split(command)[1:])
    facts = take_facts(inner)
    together = inner.run("--replay", "last-failed")

    failed.assert_outcomes(passed=11, failed=1)
    alone.assert_outcomes(passed=3, failed=1, deselected=8)
    assert facts == {"gw1": recorded["gw1"][:4]}
    together.assert_outcomes(passed=11, failed=1)
    assert command in together.outlines
    assert take_facts(inner) == recorded


def test_run_that_is_not_there_is_a_usage_error(inner: InnerSuite, error_text: Any) -> None:
    assert "none has run here" in error_text(inner.run_here("--replay", "last"))


def test_worker_without_a_run_is_a_usage_error(inner: InnerSuite, error_text: Any) -> None:
    assert "add --replay RUN" in error_text(inner.run_here("--worker", "gw0"))


def test_run_without_a_cache_keeps_none(inner: InnerSuite) -> None:
    inner.write(test_it="def test_a(): pass")

    inner.run_here("-p", "no:cacheprovider").assert_outcomes(passed=1)

    assert not list(inner.path.rglob("runs/*.json"))


def test_run_in_one_process_keeps_its_schedule(inner: InnerSuite) -> None:
    inner.write(test_it="def test_a(): pass\ndef test_b(): assert 0")

    inner.run_here("-k", "test_")

    (path,) = inner.path.rglob("runs/*.json")
    found = json.loads(path.read_text(encoding="utf-8"))
    assert (found["bad"], found["arguments"][-2:]) == (1, ["-k", "test_"])
    (worker,) = found["workers"]
    assert (worker["worker_id"], worker["outcomes"]) == ("master", "pf")


def test_missing_tests_are_left_out_and_named_and_no_replay_is_kept(inner: InnerSuite) -> None:
    inner.write(test_it="def test_a(): pass")
    path = inner.path / "from-ci.json"
    path.write_text(make_schedule("master: gone 0-1 a 1-2").to_json(), encoding="utf-8")
    text = path.read_text(encoding="utf-8").replace("t.py::", "test_it.py::test_")
    path.write_text(text, encoding="utf-8")

    result = inner.run_here(f"--replaying={path}")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["infra: not as it was: not collected any more: test_it.py::test_gone"]
    )
    assert not list(inner.path.rglob("runs/*.json"))


@pytest.mark.parametrize(
    "argument", ["-n", "-n4", "--numprocesses=2", "--dist=load", "--vmid-pid=4", "--run-seed"]
)
def test_arguments_that_contradict_are_refused(argument: str) -> None:
    with pytest.raises(ReplayError, match=f"{argument} contradicts --replay"):
        refuse_contradictions(["-v", argument, "--replay", "last"])


def test_other_arguments_do_not_contradict() -> None:
    refuse_contradictions(["-v", "--no-header", "-x", "--", "-n"])


def test_worker_alone_gets_the_recorded_arguments_and_the_own_ones() -> None:
    replay = choose(make_schedule("gw0: a 0-1", "gw1: b 0-1"), "gw1", "::b")
    own = ["--replay", "last", "--worker=gw1", "-v", "--until", "::b", "--pdb"]

    arguments = build_arguments(replay, own, PATH)

    assert arguments == [
        *("-n", "2", "--maxfail=0", "-v", "--pdb", f"--replaying={PATH}"),
        *("--worker", "gw1", "-n", "0", "--until", "t.py::b"),
    ]


def test_all_workers_are_started_cold_where_their_hash_seeds_differ() -> None:
    arguments = build_arguments(choose(make_schedule("gw0: a 0-1", "gw1: b 0-1"), "", ""), [], PATH)

    assert arguments[-4:] == ["2", "--dist=load", "--scheduler=lanes", "--warm-start=off"]


def test_environment_is_that_of_the_worker() -> None:
    schedule = make_schedule("gw0: a 0-1", "gw1: b 0-1")
    environ = {"PYTEST_XDIST_WORKER": "gw9", "PYTHONHASHSEED": "5"}

    assert build_environ(choose(schedule, "gw1", ""), environ) == {
        "PYTHONHASHSEED": "1",
        "PYTEST_XDIST_WORKER": "gw1",
        "PYTEST_XDIST_WORKER_COUNT": "2",
        "PYTEST_XDIST_TESTRUNUID": RUN_ID,
    }
    assert build_environ(choose(schedule, "", ""), environ) == {"PYTHONHASHSEED": "5"}


def test_module_is_called_as_a_module() -> None:
    replay = choose(make_schedule("gw0: a 0-1"), "gw0", "")

    assert find_program(replay) == [sys.executable, "-m", "pytest"]


def test_what_is_otherwise_is_told_in_one_line_each(infra_session: Session) -> None:
    replay = choose(make_schedule("gw0: a 0-1"), "gw0", "")

    lines = list_differences(replay, infra_session.settings)

    assert replay.schedule.circumstances == Circumstances()
    assert all(line.startswith("infra: not as it was: ") for line in lines)
    assert any("python was not set, is 3." in line for line in lines)
    assert any("VMIDs of gw0 began at 1000, and begin at" in line for line in lines)


def test_living_process_is_seen() -> None:
    assert is_alive(1)
    assert not is_alive(2**22 + 1)


def test_missing_tests_are_counted() -> None:
    assert render_missing([]) == []
    (line,) = render_missing(list("abcde"))
    assert line.endswith("not collected any more: a, b, c and 2 more")
