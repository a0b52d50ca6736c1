"""The scheduler in real runs: what the workers wrote down shows who ran beside whom."""

import json
import re
import shutil
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest

from tests.test_infra.conftest import ROOT, InnerSuite

# One test, as its worker wrote it down: name, node id, worker, start and stop.
Record = dict[str, Any]

ROUTED = """
import pytest

@pytest.mark.slow
class TestSlow:
    @pytest.mark.parametrize("number", range(5))
    def test_slow(self, number): pass

@pytest.mark.serial
@pytest.mark.parametrize("number", range(5))
def test_serial(number): pass

@pytest.mark.lane("llm", width=2)
@pytest.mark.parametrize("number", range(8))
def test_llm(number): pass

@pytest.mark.slow
@pytest.mark.lane("llm")
def test_both(): pass

@pytest.mark.xdist_group("db")
@pytest.mark.parametrize("number", range(5))
def test_db(number): pass

@pytest.mark.parametrize("number", range(16))
def test_free(number): pass
"""

TESTS = 40

RECORDS_TESTS = """
import json, os, pathlib, pytest, time

@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    start = time.monotonic()
    time.sleep(0.004)
    result = yield
    line = json.dumps({
        "name": item.originalname, "nodeid": item.nodeid, "start": start, "stop": time.monotonic(),
        "worker": os.environ.get("PYTEST_XDIST_WORKER")})
    with open(pathlib.Path(__file__).with_name("ran.txt"), "a") as file:
        file.write(line + "\\n")
    return result
"""


def read_records(inner: InnerSuite) -> list[Record]:
    lines = (inner.path / "ran.txt").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    assert not any("@" in record["nodeid"] for record in records)
    return records


def count_together(records: Sequence[Record], *names: str) -> int:
    """Count the tests of these names that ran at once, at most."""
    chosen = [record for record in records if record["name"] in names]
    return max(
        sum(bool(other["start"] <= one["start"] < other["stop"]) for other in chosen)
        for one in chosen
    )


def find_beside_serial(records: Sequence[Record]) -> list[str]:
    return [
        f"{one['nodeid']} beside {other['nodeid']}"
        for one, other in combinations(records, 2)
        if "test_serial" in (one["name"], other["name"])
        and one["start"] < other["stop"]
        and other["start"] < one["stop"]
    ]


def assert_lanes_held(records: Sequence[Record]) -> None:
    assert not find_beside_serial(records)
    assert count_together(records, "test_slow", "test_both") == 1
    assert count_together(records, "test_llm", "test_both") <= 2
    assert len({record["worker"] for record in records if record["name"] == "test_db"}) == 1


@pytest.mark.proof
def test_lanes_hold_whatever_dist_says(inner: InnerSuite) -> None:
    inner.write(test_routed=ROUTED, conftest=RECORDS_TESTS)

    result = inner.run("-n", "3", "--dist", "loadfile", "--count=2")

    result.assert_outcomes(passed=2 * TESTS)
    assert_lanes_held(read_records(inner))


@pytest.mark.proof
def test_lanes_hold_with_the_parallel_configuration(inner: InnerSuite) -> None:
    shutil.copy(ROOT / "pytest-parallel.ini", inner.path)
    inner.write(test_routed=ROUTED, conftest=RECORDS_TESTS)

    result = inner.run("-c", "pytest-parallel.ini", "-n", "3", "test_routed.py")

    result.assert_outcomes(passed=TESTS)
    assert_lanes_held(read_records(inner))
    assert sorted(path.name for path in (inner.path / "logs").iterdir()) == [
        "gw0.log",
        "gw1.log",
        "gw2.log",
    ]


@pytest.mark.proof
def test_ini_table_says_which_markers_are_lanes(inner: InnerSuite) -> None:
    inner.write(
        ini="lanes =\n    slow = exclusive\n    serial = unlimited\n",
        test_routed=ROUTED,
        conftest=RECORDS_TESTS,
    )

    inner.run("-n", "3").assert_outcomes(passed=TESTS)

    records = read_records(inner)
    swapped = {"test_slow": "test_serial", "test_serial": "test_free", "test_both": "test_serial"}
    for record in records:
        record["name"] = swapped.get(record["name"], record["name"])
    assert not find_beside_serial(records)


CRASHING = """
import os, pytest

@pytest.fixture(scope="session")
def server(request, worker_id):
    if CRASH == "fixture" and worker_id == "gw1":
        os._exit(1)

@pytest.mark.serial
@pytest.mark.parametrize("number", range(3))
def test_serial(number):
    if CRASH == "serial" and number == 1: os._exit(1)

@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_slow(number):
    if CRASH == "slow" and number == 1: os._exit(1)

@pytest.mark.parametrize("number", range(6))
def test_free(number, server):
    if CRASH == "all" : os._exit(1)
"""


@pytest.mark.parametrize(
    ("crash", "workers"), [("serial", "2"), pytest.param("slow", "1", marks=pytest.mark.proof)]
)
def test_crash_costs_exactly_one_test_that_is_named(
    inner: InnerSuite, crash: str, workers: str
) -> None:
    inner.write(test_crash=f"CRASH = {crash!r}\n{CRASHING}", conftest=RECORDS_TESTS)

    result = inner.run("-n", workers)

    result.assert_outcomes(passed=11, failed=1)
    result.stdout.fnmatch_lines([f"*crashed while running 'test_crash.py::test_{crash}[[]1]'"])
    result.stdout.fnmatch_lines([f"pytest * --until 'test_crash.py::test_{crash}[[]1]'"])
    assert not find_beside_serial(read_records(inner))
    assert not inner.infra_dir.exists()


@pytest.mark.proof
def test_crash_before_the_first_test_costs_that_test(inner: InnerSuite) -> None:
    inner.write(test_crash=f"CRASH = 'fixture'\n{CRASHING}")

    result = inner.run("-n", "2")

    counts = result.parseoutcomes()
    assert counts["passed"] + counts.get("failed", 0) == 12
    assert counts.get("failed", 0) <= 1


@pytest.mark.proof
def test_crash_of_the_very_last_test_ends_the_run(inner: InnerSuite) -> None:
    inner.write(test_crash="import os\ndef test_last(): os._exit(1)\n")

    result = inner.run("-n", "2")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*crashed while running 'test_crash.py::test_last'"])


@pytest.mark.proof
def test_workers_that_all_crash_are_not_replaced_for_ever(inner: InnerSuite) -> None:
    inner.write(test_crash=f"CRASH = 'all'\n{CRASHING}")

    result = inner.run("-n", "2", "--max-worker-restart=2")

    result.stdout.fnmatch_lines(["*maximum crashed workers reached: 2*"])
    # The third crash ends the run; the other worker may be in one of its own by then.
    assert result.parseoutcomes()["failed"] in (3, 4)


@pytest.mark.proof
def test_early_failure_stops_within_a_few_tests(inner: InnerSuite) -> None:
    inner.write(
        test_stop="""
        import pytest
        @pytest.mark.parametrize("number", range(400))
        def test_quick(number):
            assert number != 2
        """
    )

    result = inner.run("-n", "2", "-x")

    counts = result.parseoutcomes()
    assert counts["failed"] == 1
    assert counts["failed"] + counts.get("passed", 0) <= 10


@pytest.mark.proof
def test_dist_each_runs_everything_everywhere(inner: InnerSuite) -> None:
    inner.write(test_routed=ROUTED)

    inner.run("-n", "2", "--dist", "each").assert_outcomes(passed=2 * TESTS)


@pytest.mark.proof
def test_unlimited_lane_that_contradicts_is_one_clear_error(inner: InnerSuite) -> None:
    inner.write(
        test_lanes="""
        import pytest
        @pytest.mark.lane("llm", width=2)
        def test_one(): pass
        @pytest.mark.lane("llm", width=3)
        def test_other(): pass
        """
    )

    result = inner.run("-n", "2")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert re.search(r"test_other gives lane 'llm' the width 3, which is 2", str(result.stderr))


@pytest.mark.proof
def test_runs_without_a_cache_and_says_so_once(inner: InnerSuite) -> None:
    inner.write(test_routed=ROUTED)

    result = inner.run("-n", "2", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=TESTS)
    assert str(result.stdout).count("pytest's cache is off") == 1


@pytest.mark.proof
def test_corrupt_history_is_told_once_and_written_anew(inner: InnerSuite) -> None:
    directory = inner.path / ".pytest_cache" / "d" / "infra"
    directory.mkdir(parents=True)
    (directory / "history.json").write_text("{half", encoding="utf-8")
    inner.write(test_routed=ROUTED)

    first, second = inner.run("-n", "2"), inner.run_here("-n", "0")

    first.assert_outcomes(passed=TESTS)
    assert str(first.stdout).count("history.json is passed over") == 1
    assert "passed over" not in str(second.stdout)


@pytest.mark.proof
def test_failed_test_comes_first_then_the_longest(inner: InnerSuite) -> None:
    inner.write(
        conftest=RECORDS_TESTS,
        test_order="""
        import time, pytest
        @pytest.mark.parametrize("number", range(12))
        def test_free(number):
            time.sleep(0.2 if number == 7 else 0)
            assert number != 5
        """,
    )
    inner.run_here("-n", "0")
    (inner.path / "ran.txt").unlink()

    inner.run("-n", "2").assert_outcomes(passed=11, failed=1)

    order = [record["nodeid"].split("[")[1] for record in read_records(inner)]
    starts = sorted(read_records(inner), key=lambda record: record["start"])
    assert {record["nodeid"][-2] for record in starts[:2]} == {"5", "7"}
    assert order[0] == "5]"


@pytest.mark.proof
def test_slot_is_taken_over_by_the_replacement(inner: InnerSuite) -> None:
    inner.write(
        test_slots="""
        import os, pytest, time
        @pytest.mark.parametrize("number", range(8))
        def test_slot(number, worker_slot, worker_id):
            assert worker_slot == int(os.environ["PROXMOX_TEST_WORKER_SLOT"])
            assert worker_slot in (0, 1)
            time.sleep(0.02)
            if number == 3:
                os._exit(1)
        """
    )

    inner.run("-n", "2").assert_outcomes(passed=7, failed=1)


def test_auto_runs_one_test_in_this_process(inner: InnerSuite) -> None:
    inner.write(test_routed=ROUTED)

    result = inner.run_here("-n", "auto", "test_routed.py::test_both")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["infra: run *, in one process", "infra: -n auto: in one process*"])


@pytest.mark.proof
def test_breach_of_a_lane_fails_the_run(inner: InnerSuite) -> None:
    """The audit's negative: a scheduler that keeps no lane."""
    inner.write(
        conftest="""
        from tests.infra.tokens import Tokens
        Tokens.can_take = lambda *_: True
        """,
        test_slow="""
        import pytest, time
        @pytest.mark.slow
        @pytest.mark.parametrize("number", range(8))
        def test_slow(number):
            time.sleep(0.05)
        """,
    )

    result = inner.run("-n", "3")

    result.assert_outcomes(passed=8)
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(["infra: * of lanes or groups in this run"])
