"""The plugin in inner runs: what a user's suite gets, and what bad input gets."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from tests.infra import locks, standins
from tests.infra.errors import MissingPackageError
from tests.infra.session import Session
from tests.test_infra.conftest import ROOT, InnerSuite

ErrorText = Callable[[pytest.RunResult], str]

PASSES = "def test_passes(): pass\n"

USES_EVERYTHING = """
import os, threading
from itertools import pairwise
from pathlib import Path

def test_context(test_execution_context, worker_id, worker_count):
    context = test_execution_context
    assert context.worker_id == worker_id
    assert context.worker_count == worker_count
    assert context.is_parallel is (worker_id != "master")
    assert context.process_id == os.getpid()
    assert context.thread_id == threading.get_ident()
    assert context.run_id
    assert context.directories.temp.is_dir()

def test_vmids(process_unique_vmid, vmid_factory, vmid_allocator):
    mine = {process_unique_vmid, str(vmid_factory()), str(vmid_factory())}
    assert len(mine) == 3
    assert all(int(vmid) in vmid_allocator.block for vmid in mine)
    assert set(vmid_allocator.get_holders().values()) == {
        "test_everything.py::test_vmids"}

def test_vmids_went_back(vmid_allocator):
    assert vmid_allocator.get_holders() == {}

def test_environment(parallel_safe_environment, isolated_temp_dir, worker_id):
    mode = "sequential" if worker_id == "master" else "parallel"
    assert os.environ["PROXMOX_TEST_MODE"] == mode
    assert os.environ["PROXMOX_TEST_WORKER_ID"] == worker_id
    temp = Path(os.environ["PROXMOX_TEST_TEMP_DIR"])
    assert temp.is_dir() and temp.is_relative_to(isolated_temp_dir)
    assert dict(parallel_safe_environment).items() <= dict(os.environ).items()

def test_lock(serial_test_lock, worker_id):
    assert serial_test_lock.worker_id == worker_id
    assert serial_test_lock.pid == os.getpid()
"""

WORKER_COUNT = """
import pytest

@pytest.fixture
def worker_count(): return {count}
"""


@pytest.mark.proof
@pytest.mark.parametrize(
    ("args", "count"),
    [
        pytest.param((), 1, marks=pytest.mark.proof),
        (("-n", "0"), 1),
        (("-n", "2"), 2),
        pytest.param(("-p", "no:xdist"), 1, marks=pytest.mark.proof),
    ],
)
def test_fixtures_work_in_every_mode(inner: InnerSuite, args: tuple[str, ...], count: int) -> None:
    inner.write(test_everything=USES_EVERYTHING, conftest=WORKER_COUNT.format(count=count))

    result = inner.run(*args)

    result.assert_outcomes(passed=5)
    assert not inner.infra_dir.exists(), "the run left something behind"


@pytest.mark.proof
def test_works_without_any_configuration(inner: InnerSuite) -> None:
    (inner.path / "pytest.ini").unlink()
    inner.write(test_everything=USES_EVERYTHING, conftest=WORKER_COUNT.format(count=1))

    inner.run("--strict-markers").assert_outcomes(passed=5)


@pytest.mark.proof
def test_works_where_plugins_are_loaded_by_hand(
    inner: InnerSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (inner.path / "pytest.ini").unlink()
    inner.write(test_everything=USES_EVERYTHING, conftest=WORKER_COUNT.format(count=2))

    inner.run("-p", "xdist.plugin", "-n", "2").assert_outcomes(passed=5)


@pytest.mark.proof
def test_works_where_xdist_is_not_loaded_by_hand(
    inner: InnerSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (inner.path / "pytest.ini").unlink()
    inner.write(test_everything=USES_EVERYTHING, conftest=WORKER_COUNT.format(count=1))

    inner.run().assert_outcomes(passed=5)


@pytest.mark.proof
def test_copy_works_under_another_name(inner: InnerSuite) -> None:
    shutil.copytree(ROOT / "tests" / "infra", inner.path / "vendored" / "kit")
    inner.write(test_everything=USES_EVERYTHING, conftest=WORKER_COUNT.format(count=2))
    inner.plugin = "vendored.kit.plugin"

    inner.run("-n", "2").assert_outcomes(passed=5)


def test_markers_register_themselves(inner: InnerSuite) -> None:
    result = inner.run_here("--markers")

    for name in ("unit", "integration", "slow", "serial", "parallel_safe", "resource_intensive"):
        result.stdout.fnmatch_lines([f"@pytest.mark.{name}: *."])


@pytest.mark.proof
def test_run_id_is_one_in_all_workers(inner: InnerSuite) -> None:
    inner.write(
        test_ids="""
        import pytest
        @pytest.mark.parametrize("number", range(8))
        def test_id(number, test_execution_context, testrun_uid):
            assert test_execution_context.run_id == testrun_uid == "my-run"
        """
    )

    inner.run("-n", "2", "--testrunuid", "my-run").assert_outcomes(passed=8)


@pytest.mark.proof
def test_run_id_of_the_header_is_that_of_the_workers(inner: InnerSuite) -> None:
    inner.write(
        test_ids="""
        def test_id(test_execution_context, testrun_uid):
            assert test_execution_context.run_id == testrun_uid
            assert False, f"run id {testrun_uid}"
        """
    )

    output = inner.run("-n", "2").stdout.str()

    header = re.search(r"infra: run (\w{8}), in parallel", output)
    assert header
    assert f"run id {header[1]}" in output


@pytest.mark.proof
def test_header_prints_block_and_recorded_pid_gives_it_back(inner: InnerSuite) -> None:
    inner.write(
        test_vmid="def test_vmid(process_unique_vmid): print('vmid', process_unique_vmid)\n"
    )
    first = inner.run("-s").stdout.str()
    header = re.search(r"VMIDs: (\d+)-\d+ \(pid (\d+)\); again with (\S+)", first)
    assert header

    again = inner.run("-s", header[3]).stdout.str()

    assert f"vmid {header[1]}" in first
    assert f"vmid {header[1]}" in again
    assert f"(pid {header[2]})" in again


IN_ONE_PROCESS_AND_IN_PARALLEL = [
    pytest.param((), id="sequential"),
    pytest.param(("-n", "2"), id="parallel", marks=pytest.mark.proof),
]

NO_PID_LIMIT = """
from tests.infra import identity
identity.read_pid_limit = lambda: None
"""


@pytest.mark.proof
@pytest.mark.parametrize("args", IN_ONE_PROCESS_AND_IN_PARALLEL)
def test_blocks_are_leased_where_pids_have_no_limit(
    inner: InnerSuite, args: tuple[str, ...]
) -> None:
    inner.write(
        conftest=NO_PID_LIMIT,
        test_lease="""
        import pytest
        @pytest.mark.parametrize("number", range(4))
        def test_lease(number, vmid_allocator, process_unique_vmid):
            assert vmid_allocator.block.source == "leased"
            assert int(process_unique_vmid) in vmid_allocator.block
        """,
    )

    inner.run(*args).assert_outcomes(passed=4)

    assert not inner.infra_dir.exists()


@pytest.mark.proof
def test_eight_workers_show_eight_disjoint_blocks(inner: InnerSuite) -> None:
    inner.write(test_passes=PASSES)

    output = inner.run("-n", "8").stdout.str()

    found = re.findall(r"VMIDs of gw\d: (\d+)-(\d+) \(pid \d+\)", output)
    blocks = sorted((int(first), int(last)) for first, last in found)
    assert len(blocks) == 8
    assert all(one[1] < other[0] for one, other in pairwise(blocks))


@pytest.mark.proof
def test_worker_log_files_name_their_worker(inner: InnerSuite) -> None:
    inner.write(
        ini="""
        worker_log_file = logs/{worker_id}.log
        log_level = INFO
        log_file_format = [{worker_id}] %(message)s
        """,
        test_logs="""
        import logging, pytest
        @pytest.mark.parametrize("number", range(8))
        def test_log(number, worker_id): logging.info("%s ran on %s", number, worker_id)
        """,
    )

    inner.run("-n", "2").assert_outcomes(passed=8)

    lines = [
        (path.stem, line)
        for path in (inner.path / "logs").iterdir()
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert len(lines) == 8
    assert {name for name, _ in lines} == {"gw0", "gw1"}
    assert all(re.fullmatch(rf"\[{name}\] \d ran on {name}", line) for name, line in lines)


@pytest.mark.proof
@pytest.mark.parametrize("args", IN_ONE_PROCESS_AND_IN_PARALLEL)
def test_contradictory_markers_are_refused(
    inner: InnerSuite, error_text: ErrorText, args: tuple[str, ...]
) -> None:
    inner.write(
        test_both="""
        import pytest
        pytestmark = pytest.mark.serial
        @pytest.mark.parallel_safe
        def test_both(): pass
        def test_one(): pass
        """
    )

    text = error_text(inner.run(*args))

    assert "test_both.py::test_both is marked both serial and parallel_safe" in text
    assert "keep one of the two" in text
    inner.run(*args, "-k", "test_one").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("ini", "args", "words"),
    [
        ("env_prefix = prox-mox", (), "can't be the prefix of environment variables"),
        ("vmid_range = 5-7", (), "is not a range of VMIDs"),
        ("vmid_range = 100-200", (), "is too small for one VMID for each of"),
        ("serial_lock_timeout_s = soon", (), "is not a number of seconds"),
        ("scheduler = perhaps", (), "is neither lanes nor xdist"),
        ("", ("--vmid-pid=abc",), "is not a PID"),
        ("", ("--vmid-pid=999999999",), "has no block of VMIDs"),
        ("", ("--vmid-pid=12", "-n", "2"), "would give several workers the same VMIDs"),
        ("", ("--infra-dir=/proc/nowhere",), "/proc/nowhere/locks can't be used as a directory"),
        ("", ("--infra-dir=pytest.ini",), "Not a directory"),
        ("worker_log_file = pytest.ini/x.log", (), "can't be used as a directory"),
        ("", ("-p", "no:xdist", "-n", "2"), "-n 2 (on the command line or in addopts) asks for"),
        ("", ("-p", "no:xdist", "-n", "auto"), "run sequentially: pytest -n 0"),
    ],
)
def test_bad_input_is_one_clear_error_before_any_test(
    inner: InnerSuite, error_text: ErrorText, ini: str, args: tuple[str, ...], words: str
) -> None:
    inner.write(ini=ini, test_passes=PASSES)

    text = error_text(inner.run_here(*args))

    assert text.count("ERROR") == 1
    assert words in text
    assert not (inner.infra_dir / "runs").exists()


def test_lock_file_that_is_a_directory_is_refused(inner: InnerSuite, error_text: ErrorText) -> None:
    (inner.infra_dir / "locks" / "serial.lock").mkdir(parents=True)
    inner.write(test_passes=PASSES)

    text = error_text(inner.run_here())

    assert "serial.lock can't be used as a lock file: it is a directory; remove it" in text


def test_missing_xdist_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(MissingPackageError, match="install it"):
        standins.refuse_workers("auto")


@pytest.mark.proof
def test_missing_filelock_is_refused(
    inner: InnerSuite, error_text: ErrorText, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inner.path / "filelock.py").write_text("raise ImportError('not installed')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(inner.path), str(ROOT)]))
    inner.write(test_passes=PASSES)

    text = error_text(inner.run())

    assert "filelock is not there" in text
    assert "install it" in text


def test_vmid_asked_for_when_none_is_left_names_the_holders(inner: InnerSuite) -> None:
    inner.write(
        ini=f"vmid_range = 100-{99 + 2 * 4_194_304}\n",
        test_greedy="""
        def test_greedy(vmid_factory):
            for _ in range(100_000): vmid_factory()
        def test_modest(vmid_factory): vmid_factory()
        """,
    )

    result = inner.run_here()

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        ["*no VMID is left in the block*test_greedy.py::test_greedy holds*"]
    )


@pytest.mark.proof
def test_lock_of_another_run_is_waited_for_until_the_deadline(
    inner: InnerSuite, infra_session: Session
) -> None:
    inner.write(
        ini="serial_lock_timeout_s = 0.2\n",
        test_lock="def test_lock(serial_test_lock): pass\n",
    )
    path = inner.infra_dir / "locks" / "serial.lock"
    path.parent.mkdir(parents=True)

    with locks.hold(path, holder=infra_session.build_holder("another run's test"), timeout_s=0):
        result = inner.run_here()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*held by another run's test on *(pid *raise serial_lock_timeout*"]
    )
    inner.run_here().assert_outcomes(passed=1)


@pytest.mark.proof
def test_crash_leaves_leftovers_to_the_next_run(inner: InnerSuite) -> None:
    inner.write(
        test_crash="""
        import os, signal
        def test_crash(isolated_temp_dir, serial_test_lock):
            (isolated_temp_dir / "left").write_text("over")
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    inner.run()
    assert list(inner.infra_dir.rglob("left"))
    inner.write(test_crash="def test_lock(serial_test_lock): pass\n")

    inner.run().assert_outcomes(passed=1)

    assert not inner.infra_dir.exists()


# A shell starts its background jobs with SIGINT ignored, and their children inherit that.
PYTEST_THAT_HEARS_SIGINT = """
import signal, sys, pytest
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main())
"""


@pytest.mark.proof
@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_interrupt_leaves_neither_files_nor_processes(inner: InnerSuite) -> None:
    inner.write(
        test_waits="""
        import os, pathlib, time, pytest
        @pytest.mark.parametrize("number", range(2))
        def test_waits(number, isolated_temp_dir):
            pathlib.Path(__file__).with_name(f"{os.getpid()}.pid").touch()
            time.sleep(30)
        """
    )
    command = [sys.executable, "-c", PYTEST_THAT_HEARS_SIGINT]
    command += [*inner.quick, "-p", inner.plugin, "-n", "2"]
    process = inner.pytester.popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: len(list(inner.path.glob("*.pid"))) == 2)

    process.send_signal(signal.SIGINT)

    assert process.wait(20) == pytest.ExitCode.INTERRUPTED
    assert not inner.infra_dir.exists()
    pids = [int(path.stem) for path in inner.path.glob("*.pid")]
    wait_until(lambda: not any(is_alive(pid) for pid in pids))


def wait_until(is_true: Callable[[], bool], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("args", [("--collect-only", "-q"), ("-q",), ("--co", "-n", "2", "-q")])
def test_quiet_runs_stay_quiet(inner: InnerSuite, args: tuple[str, ...]) -> None:
    inner.write(test_passes=PASSES)

    output = inner.run_here(*args).stdout.str()

    assert "VMID" not in output
    assert "infra:" not in output


def test_project_wires_both_plugins() -> None:
    conftest = (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")

    assert '"tests.infra.plugin", "tests.fixtures.plugin"' in conftest
