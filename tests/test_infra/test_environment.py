import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra import environment, locks
from tests.infra.environment import RunDirectory, WorkerEnvironment
from tests.infra.errors import DirectoryUnusableError, LockTimeoutError

ROOT = Path(__file__).parents[2]

OPEN_AND_DIE = """
import os, pathlib, sys
from tests.infra.environment import RunDirectory, WorkerEnvironment
run = RunDirectory(pathlib.Path(sys.argv[1]))
run.open()
worker = WorkerEnvironment(run.path, "gw0", prefix="PROXMOX", mode="parallel")
worker.open()
(worker.directories.temp / "left").write_text("over")
print(run.path, flush=True)
os.kill(os.getpid(), 9)
"""


def build_worker(run_path: Path, worker_id: str = "gw0") -> WorkerEnvironment:
    return WorkerEnvironment(run_path, worker_id, prefix="ACME", mode="parallel")


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorkerEnvironment:
    monkeypatch.setenv("ACME_CONFIG_DIR", "/before")
    return build_worker(tmp_path / "run")


def test_worker_has_directories_and_variables_while_open(worker: WorkerEnvironment) -> None:
    worker.open()

    directories = worker.directories
    assert {directories.temp, directories.config, directories.cache} == set(
        directories.root.iterdir()
    )
    assert os.environ["ACME_TEST_WORKER_ID"] == "gw0"
    assert os.environ["ACME_TEST_MODE"] == "parallel"
    assert os.environ["ACME_TEST_TEMP_DIR"] == str(directories.temp)
    assert os.environ["ACME_CONFIG_DIR"] == str(directories.config)
    assert os.environ["ACME_CACHE_DIR"] == str(directories.cache)
    worker.close()


def test_closed_worker_leaves_nothing(worker: WorkerEnvironment) -> None:
    worker.open()
    (worker.directories.cache / "entry").write_text("x", encoding="utf-8")
    worker.close()

    assert os.environ["ACME_CONFIG_DIR"] == "/before"
    assert not any(name.startswith("ACME_TEST") for name in os.environ)
    assert list(worker.directories.root.parent.iterdir()) == []


def test_workers_share_no_directory(tmp_path: Path) -> None:
    one, other = (build_worker(tmp_path, worker_id).directories for worker_id in ("gw0", "gw1"))

    assert one.root != other.root
    assert one.temp.parent == one.root
    assert other.temp.parent == other.root


def test_narrow_brings_every_variable_back(
    worker: WorkerEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEPT", "before")
    monkeypatch.setenv("REMOVED", "before")
    before = dict(os.environ)

    with worker.narrow(tmp_path / "one") as variables:
        assert os.environ["ACME_TEST_TEMP_DIR"] == variables["ACME_TEST_TEMP_DIR"]
        assert Path(variables["ACME_CONFIG_DIR"]).is_dir()
        os.environ["KEPT"] = "changed"
        # isolation: ignore[PTI101] whether narrow takes it back is what is tested
        os.environ["ADDED"] = "by a test"
        del os.environ["REMOVED"]

    assert dict(os.environ) == before


def test_test_directories_differ_and_go(worker: WorkerEnvironment) -> None:
    worker.open()

    with (
        worker.make_test_directory("test_a[x/y z]") as one,
        worker.make_test_directory("test_a[x/y z]") as other,
    ):
        assert one != other
        assert one.parent == worker.directories.temp
        (one / "file").write_text("x", encoding="utf-8")

    assert list(worker.directories.temp.iterdir()) == []
    worker.close()


def test_read_only_leftovers_go_too(tmp_path: Path) -> None:
    inner = tmp_path / "tree" / "inner"
    inner.mkdir(parents=True)
    (inner / "file").write_text("x", encoding="utf-8")
    inner.chmod(0o000)

    environment.remove_tree(tmp_path / "tree")

    assert not (tmp_path / "tree").exists()


def test_run_directory_leaves_no_parents_behind(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "infra")
    run.open()
    assert run.path.is_dir()
    run.close()

    assert list(tmp_path.iterdir()) == []


def test_run_directory_leaves_other_runs_alone(tmp_path: Path) -> None:
    one, other = RunDirectory(tmp_path / "infra"), RunDirectory(tmp_path / "infra")
    one.open()
    other.open()
    other.close()

    assert one.path.is_dir()
    one.close()


def test_next_run_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN_AND_DIE, str(tmp_path / "infra")]
    killed = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    left = Path(killed.stdout.strip())
    assert (left / "gw0" / "temp" / "left").exists()

    run = RunDirectory(tmp_path / "infra")
    run.open()

    assert not left.exists()
    run.close()
    assert list(tmp_path.iterdir()) == []


def test_run_with_a_living_worker_is_not_dead(tmp_path: Path) -> None:
    run_path = tmp_path / "runs" / "1-orphaned"
    worker = build_worker(run_path)
    worker.open()

    assert environment.sweep_dead_runs(tmp_path / "runs") == []
    worker.close()

    assert environment.sweep_dead_runs(tmp_path / "runs") == [run_path]


def test_unusable_place_is_refused_with_the_way_out() -> None:
    with pytest.raises(DirectoryUnusableError, match="choose another place with --infra-dir"):
        RunDirectory(Path("/proc/nowhere")).open()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_read_only_place_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(DirectoryUnusableError):
        environment.make_directory(tmp_path / "new")
    with pytest.raises(DirectoryUnusableError, match="read-only"):
        environment.make_directory(tmp_path)


def test_directory_of_another_user_in_a_public_place_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "infra").mkdir()
    tmp_path.chmod(0o1777)
    environment.refuse_foreign(tmp_path / "infra")
    monkeypatch.setattr(os, "getuid", lambda: 12_345)

    with pytest.raises(DirectoryUnusableError, match="it belongs to another user"):
        environment.refuse_foreign(tmp_path / "infra")
    tmp_path.chmod(0o755)
    environment.refuse_foreign(tmp_path / "infra")


def test_lock_that_outlived_its_directory_goes(tmp_path: Path) -> None:
    (tmp_path / "1-dead.lock").touch()

    environment.sweep_dead_runs(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_leftovers_that_cannot_be_removed_are_let_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1-dead").mkdir()

    def refuse(path: Path) -> None:
        raise DirectoryUnusableError(path, "it is busy", "remove it")

    monkeypatch.setattr(environment, "remove_tree", refuse)

    assert environment.sweep_dead_runs(tmp_path) == []


def test_busy_census_is_waited_for_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "CENSUS_TIMEOUT_S", 0.05)
    environment.make_directory(tmp_path / "locks")
    held = locks.take(tmp_path / "locks" / "census.lock", timeout_s=0)

    with pytest.raises(LockTimeoutError, match=r"census\.lock"):
        RunDirectory(tmp_path).open()
    locks.give_back(held)


def test_directory_is_made_while_others_remove_its_parents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Made by somebody else, and gone again when it is looked at.
    errors: list[OSError] = [FileExistsError(17, "File exists")] * 2
    make = os.mkdir

    def make_among_others(path: Path, mode: int = 0o777) -> None:
        if errors:
            raise errors.pop()
        make(path, mode)

    monkeypatch.setattr(os, "mkdir", make_among_others)
    environment.make_directory(tmp_path / "runs" / "one")

    assert (tmp_path / "runs" / "one").is_dir()
    assert errors == []


def test_directory_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DirectoryUnusableError, match="File exists"):
        environment.make_directory(tmp_path / "file")
