"""What processes write down outlives them, and tells the living from the dead."""

import os
from pathlib import Path

import pytest

from tests.infra.identity import build_holder
from tests.infra.sharing.ledgers import ProcessLedger, ProcessMark, build_mark
from tests.test_infra.forks import end_in_fork

HOLDER = build_holder("gw0", "a test", "now")


def make_ledger(path: Path, worker: str = "gw0") -> ProcessLedger:
    return ProcessLedger(path / "ledgers", ProcessMark("host", "t", "1a2b", worker), HOLDER)


def test_processes_of_a_run_agree_on_it(tmp_path: Path) -> None:
    one, other = (build_mark(tmp_path / "", worker, "Build.Host_7") for worker in ("gw0", "gw1"))

    assert one.run == other.run
    assert one.owner != other.owner
    assert one.host == "build-host-7"


def test_runs_differ_by_their_directories(tmp_path: Path) -> None:
    paths = [tmp_path / f"4711-{token}" for token in ("0a1b2c3d", "0a1b2c3e")]
    for path in paths:
        path.mkdir()

    one, other = (build_mark(path, "gw0", "...") for path in paths)

    assert one.run != other.run
    assert (one.host, one.token) == ("host", "0a1b2c3d")


def test_living_process_is_known_by_its_lock(tmp_path: Path) -> None:
    mine, other = make_ledger(tmp_path, "gw0"), make_ledger(tmp_path, "gw1")
    mine.open()
    other.open()

    assert mine.judge(other.mark.owner) is True
    assert mine.judge("elsewhere-t-1a2b-gw0") is None
    other.close(is_settled=True)
    assert mine.judge(other.mark.owner) is None
    mine.close(is_settled=True)
    assert not (tmp_path / "ledgers").exists()


def test_what_a_killed_process_wrote_down_is_found(tmp_path: Path) -> None:
    def die() -> None:
        dying = make_ledger(tmp_path, "gw1")
        dying.open()
        dying.note("pve:8006 100")
        os._exit(1)

    os.waitpid(end_in_fork(die), 0)
    mine = make_ledger(tmp_path)
    mine.open()

    assert mine.find_dead() == {"host-t-1a2b-gw1": ["pve:8006 100"]}
    mine.forget("host-t-1a2b-gw1")
    assert mine.find_dead() == {}
    mine.close(is_settled=True)


def test_ledger_that_is_not_settled_stays_for_the_next_run(tmp_path: Path) -> None:
    first = make_ledger(tmp_path, "gw1")
    first.open()
    first.note("pve:8006 100")
    first.close(is_settled=False)
    first.close(is_settled=True)

    second = make_ledger(tmp_path)
    second.open()

    assert second.find_dead() == {"host-t-1a2b-gw1": ["pve:8006 100"]}
    second.close(is_settled=True)


@pytest.mark.parametrize("is_settled", [True, False])
def test_closed_ledger_leaves_no_lock(tmp_path: Path, *, is_settled: bool) -> None:
    ledger = make_ledger(tmp_path)
    ledger.open()
    with ledger.hold_sweep(1):
        pass

    ledger.close(is_settled=is_settled)

    assert not list(tmp_path.rglob("*.lock*"))
