"""The tracker, its journal, and what the next run does about what is left."""

import http.server
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.infra.environment import RunDirectory
from tests.infra.sharing import leftovers, removal
from tests.infra.sharing.deadlines import wait_until
from tests.infra.sharing.errors import TrackingError
from tests.infra.sharing.journal import Journal, build_journal_path, read_living
from tests.infra.sharing.places import Json
from tests.infra.sharing.tracker import ResourceCleanupTracker
from tests.test_infra.conftest import InnerSuite

REMOVER = f"{__name__}:remove_by_plugin"


def remove_by_plugin(name: str, facts: Mapping[str, Json]) -> None:
    """Remove a guest, which here is a file; a later run finds this function by its name."""
    Path(str(facts["directory"]), name).unlink()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "infra" / "leftovers" / "1-a" / "gw0-1.jsonl")


@pytest.fixture
def tracker(journal: Journal, tmp_path: Path) -> ResourceCleanupTracker:
    return ResourceCleanupTracker(journal, "t.py::test_a", tmp_path / "root", lambda _: REMOVER)


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that ends by force only."""
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    command = [sys.executable, "-S", "-c", f"{code}; time.sleep(100)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_all_is_cleaned_up_in_reverse_order_whatever_happens(
    tracker: ResourceCleanupTracker,
) -> None:
    done: list[str] = []

    def fail() -> None:
        done.append("fail")
        raise OSError("busy")

    tracker.callback(done.append, "first")
    tracker.callback(fail)
    tracker.callback(done.append, "last")
    failures = tracker.close()

    assert done == ["last", "fail", "first"]
    assert len(failures) == 1
    assert failures[0].endswith("fail (OSError: busy)")
    assert tracker.close() == []


def test_interrupt_does_not_keep_the_others_from_being_cleaned_up(
    tracker: ResourceCleanupTracker,
) -> None:
    done: list[int] = []

    def interrupt() -> None:
        raise KeyboardInterrupt

    tracker.callback(done.append, 1)
    tracker.callback(interrupt)

    with pytest.raises(KeyboardInterrupt):
        tracker.close()
    assert done == [1]


def test_what_takes_too_long_is_left_and_told(tracker: ResourceCleanupTracker) -> None:
    done: list[int] = []
    tracker.callback(done.append, 1)
    tracker.callback(threading.Event().wait, 30, timeout_s=0.05)

    (failure,) = tracker.close()

    assert "it took longer than 0.05 s" in failure
    assert done == [1]


def test_files_and_directories_go_and_links_only_themselves(
    tracker: ResourceCleanupTracker, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "file").touch()
    (tmp_path / "link").symlink_to(kept)

    tracker.file(tmp_path / "never-made")
    tracker.directory(tmp_path / "made")
    tracker.directory(tmp_path / "link")

    assert tracker.close() == []
    assert {path.name for path in tmp_path.iterdir()} == {"infra", "kept"}
    assert (kept / "file").exists()


@pytest.mark.parametrize("path", ["/", str(Path.home()), "."])
def test_directory_that_holds_more_than_a_test_makes_is_refused(
    tracker: ResourceCleanupTracker, path: str
) -> None:
    with pytest.raises(TrackingError, match="name one that the test makes"):
        tracker.directory(path)


def test_process_ends_with_its_children_and_pipes(tracker: ResourceCleanupTracker) -> None:
    code = (
        "import subprocess as s; p = s.Popen(['sleep', '100']); print(p.pid, flush=True); p.wait()"
    )
    process = tracker.start([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    child = int(process.stdout.readline())

    assert tracker.close() == []
    assert process.returncode == -signal.SIGTERM
    assert process.stdout.closed
    assert wait_until(lambda: not removal.read_start(child), 5.0)


def test_process_that_does_not_heed_is_killed(
    tracker: ResourceCleanupTracker,
    sleeper: "subprocess.Popen[bytes]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(removal, "TERM_S", 0.05)
    tracker.process(sleeper)

    assert tracker.close() == []
    assert sleeper.returncode == -signal.SIGKILL


def test_pid_of_another_process_is_left_alone(sleeper: "subprocess.Popen[bytes]") -> None:
    removal.end_process(sleeper.pid, "another start")

    with pytest.raises(subprocess.TimeoutExpired):
        sleeper.wait(0.1)
    assert removal.read_start(sleeper.pid)
    assert removal.read_start(2**22 + 5) == ""


def test_threads_and_servers_end(tracker: ResourceCleanupTracker) -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    stopped = threading.Event()
    waiter = threading.Thread(target=stopped.wait)
    tracker.thread(thread).start()
    tracker.server(server)
    tracker.thread(waiter, stopped).start()

    assert tracker.close() == []
    assert not thread.is_alive()
    assert not waiter.is_alive()
    assert server.fileno() == -1


def test_objects_are_closed_in_the_thread_that_made_them(tracker: ResourceCleanupTracker) -> None:
    connection = tracker.closing(sqlite3.connect(":memory:"))

    assert tracker.close() == []
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        connection.execute("select 1")


def test_what_can_not_be_ended_is_refused(tracker: ResourceCleanupTracker) -> None:
    with pytest.raises(TrackingError, match="it has no close"):
        tracker.closing(object())
    with pytest.raises(TrackingError, match="it has none of"):
        tracker.server(object())
    with pytest.raises(TrackingError, match="no deadline"):
        tracker.callback(print, timeout_s=0)


def test_what_is_only_described_is_no_cleaning_up(tracker: ResourceCleanupTracker) -> None:
    async def close() -> None:
        """Never runs."""

    tracker.callback(close)

    assert "it is asynchronous" in tracker.close()[0]


# --- the journal ---------------------------------------------------------------------------------


def test_journal_is_there_before_the_thing_and_gone_after_it(
    tracker: ResourceCleanupTracker, journal: Journal, tmp_path: Path
) -> None:
    tracker.file(tmp_path / "a")
    tracker.file(tmp_path / "b")
    written = [(entry.kind, Path(entry.name).name) for entry in read_living(journal.path)]

    assert written == [("file", "b"), ("file", "a")]
    assert tracker.close() == []
    assert not journal.path.exists()


def test_what_could_not_be_removed_stays_in_the_journal(
    tracker: ResourceCleanupTracker, journal: Journal, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    tracker.file(tmp_path / "full")
    tracker.file(tmp_path / "fine")

    assert len(tracker.close()) == 1
    assert [entry.name for entry in read_living(journal.path)] == [str(tmp_path / "full")]


def test_half_of_a_line_is_left_out(tracker: ResourceCleanupTracker, journal: Journal) -> None:
    tracker.file("/nowhere/a")
    with journal.path.open("a", encoding="utf-8") as file:
        file.write('{"kind": "file", "na')

    assert [entry.name for entry in read_living(journal.path)] == ["/nowhere/a"]


def test_next_run_removes_what_a_dead_one_left(
    tracker: ResourceCleanupTracker, sleeper: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    (tmp_path / "guest").touch()
    tracker.file(tmp_path / "file").touch()
    tracker.directory(tmp_path / "directory").mkdir()
    tracker.kind("guest", "guest", directory=str(tmp_path))
    tracker.process(sleeper.pid)
    run = RunDirectory(tmp_path / "infra")
    run.open()

    removal.send_signal(sleeper.pid, signal.SIGKILL, is_leader=True)
    sweep = leftovers.sweep_dead(tmp_path / "infra")

    run.close()
    assert [line.split()[0] for line in sweep.removed] == ["process", "guest", "directory", "file"]
    assert sweep.failed == []
    assert list(tmp_path.iterdir()) == []
    assert "removed what a run or worker left: process" in sweep.render()[0]


def test_living_run_is_left_alone(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "infra")
    run.open()
    journal = Journal(build_journal_path(tmp_path / "infra", run.path, "gw0"))
    tracker = ResourceCleanupTracker(journal, "t", tmp_path / "root", lambda _: REMOVER)
    kept = tracker.file(tmp_path / "kept")
    kept.touch()

    assert leftovers.sweep_dead(tmp_path / "infra").removed == []
    assert kept.exists()
    assert leftovers.sweep_own(tmp_path / "infra", run.path).removed == [f"file {kept} of t"]
    run.close()
    assert list(tmp_path.iterdir()) == []


def test_what_can_not_be_removed_is_tried_again(
    tracker: ResourceCleanupTracker, tmp_path: Path
) -> None:
    (tmp_path / "infra" / "runs").mkdir(parents=True)
    (tmp_path / "infra" / "locks").mkdir()
    tracker.kind("guest", "late", directory=str(tmp_path))

    first = leftovers.sweep_dead(tmp_path / "infra")
    (tmp_path / "late").touch()
    second = leftovers.sweep_dead(tmp_path / "infra")

    assert len(first.failed) == 1
    assert "the next run tries again" in first.render()[0]
    assert second.removed == ["guest late of t.py::test_a"]
    assert leftovers.sweep_dead(tmp_path / "infra").render() == []


# --- kinds of plugins ----------------------------------------------------------------------------


def test_kind_has_one_remover_that_can_be_imported(pytestconfig: pytest.Config) -> None:
    before = pytestconfig.stash.get(removal.REMOVERS, {}).copy()
    removal.register_remover(pytestconfig, "toy", REMOVER)
    removal.register_remover(pytestconfig, "toy", REMOVER)

    assert removal.find_remover(pytestconfig, "toy") == REMOVER
    assert removal.find_root(REMOVER) == str(Path(__file__).parents[2])
    with pytest.raises(TrackingError, match="has a remover already"):
        removal.register_remover(pytestconfig, "toy", "os:remove")
    with pytest.raises(TrackingError, match="can't be imported"):
        removal.register_remover(pytestconfig, "other", "os:no_such_function")
    with pytest.raises(TrackingError, match="no remover is registered"):
        removal.find_remover(pytestconfig, "unknown")
    pytestconfig.stash[removal.REMOVERS] = before


# --- whole runs ----------------------------------------------------------------------------------

KILLED = """
    import os
    from pathlib import Path

    def test_killed(resource_cleanup_tracker):
        resource_cleanup_tracker.file(Path(__file__).with_name("left")).touch()
        os.kill(os.getpid(), 9)

    def test_other():
        pass
"""


@pytest.mark.proof
def test_run_removes_what_its_killed_worker_left(inner: InnerSuite) -> None:
    inner.write(test_it=KILLED)

    result = inner.run("-n1")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["infra: removed what a run or worker left: file *left of *"])
    assert not (inner.path / "left").exists()
    assert not inner.infra_dir.exists()


@pytest.mark.proof
def test_next_run_removes_what_a_killed_run_left(inner: InnerSuite) -> None:
    inner.write(test_it=KILLED)
    inner.run("-n0")
    assert (inner.path / "left").exists()

    result = inner.run("-n0", "-k", "other")

    result.assert_outcomes(passed=1, deselected=1)
    assert not (inner.path / "left").exists()
    assert not inner.infra_dir.exists()


LENIENT = "    default::tests.infra.tracker_fixtures.CleanupWarning\n"

FAILING = """
    def test_a(resource_cleanup_tracker):
        resource_cleanup_tracker.callback(lambda: 1 / 0)
"""


@pytest.mark.parametrize(("mode", "outcome"), [("warn", {"warnings": 1}), ("error", {"errors": 1})])
def test_failure_is_told_or_fails_the_test(
    inner: InnerSuite, mode: str, outcome: dict[str, int]
) -> None:
    inner.write(
        test_it=FAILING,
        ini=f"{LENIENT}cleanup_failures = {mode}\n",
    )

    result = inner.run_here("-n0")

    result.assert_outcomes(passed=1, **outcome)
    result.stdout.fnmatch_lines(["*test_a could not clean up callback *ZeroDivisionError*"])


@pytest.mark.proof
def test_second_tier_takes_our_own_directory_for_no_leak(inner: InnerSuite) -> None:
    inner.write(
        test_it="""
            def test_a(resource_cleanup_tracker, free_port, tmp_path):
                resource_cleanup_tracker.file(tmp_path / "file")
        """
    )

    result = inner.run_here("-n0", "--isolation=error", "--isolation-tier=2")

    assert inner.infra_dir.is_relative_to(inner.path)
    result.assert_outcomes(passed=1)
