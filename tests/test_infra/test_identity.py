import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.infra import identity
from tests.infra.errors import NoFreeBlockError, PidOutsideRangeError, SettingError
from tests.infra.identity import BlockSource, build_block
from tests.infra.options import VMID_MAX, VMID_MIN

ROOT = Path(__file__).parents[2]

# The smallest limit that Linux takes, its default, the other systems' and its largest.
PID_LIMITS = st.sampled_from([301, 32_768, identity.BSD_PID_LIMIT, 4_194_304])

# Forks 200 processes that live at the same time; each hands VMIDs to four threads.
MANY_PROCESSES = """
import os, pathlib, sys, threading
from tests.infra import identity, vmids

def draw():
    source = identity.BlockSource(
        first_vmid=100, last_vmid=999_999_999, pid_limit=identity.read_pid_limit(),
        lease_dir=pathlib.Path("unused"))
    allocator, drawn = vmids.VmidAllocator(source), []
    threads = [
        threading.Thread(target=lambda: drawn.extend(allocator.acquire("t") for _ in range(15)))
        for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return drawn

readers, gate = [], os.pipe()
for _ in range(200):
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(gate[1])
        os.write(writer, (" ".join(map(str, draw()))).encode())
        os.close(writer)
        os.read(gate[0], 1)
        os._exit(0)
    os.close(writer)
    readers.append(reader)
print(" ".join(os.fdopen(reader).read() for reader in readers))
os.close(gate[1])
for _ in range(200):
    os.wait()
"""


# Any: arguments of several types by name.
def build_source(**changes: Any) -> BlockSource:
    arguments: dict[str, Any] = {
        "first_vmid": VMID_MIN,
        "last_vmid": VMID_MAX,
        "pid_limit": 32_768,
        "lease_dir": Path("unused"),
    }
    return BlockSource(**(arguments | changes))


@given(pid_limit=PID_LIMITS, data=st.data())
def test_blocks_of_different_pids_are_disjoint_and_legal(
    pid_limit: int, data: st.DataObject
) -> None:
    pids = st.integers(0, pid_limit - 1)
    one, other = data.draw(st.tuples(pids, pids).filter(lambda pair: pair[0] != pair[1]))

    blocks = [
        build_block(pid, count=pid_limit, first_vmid=VMID_MIN, last_vmid=VMID_MAX)
        for pid in (one, other)
    ]

    assert not blocks[0].overlaps(blocks[1])
    assert all(VMID_MIN <= block.first <= block.last <= VMID_MAX for block in blocks)


@given(pid_limit=PID_LIMITS, data=st.data())
def test_blocks_of_neighbours_touch(pid_limit: int, data: st.DataObject) -> None:
    """Order and contiguity for each neighbour make all blocks disjoint, not only drawn pairs."""
    pid = data.draw(st.integers(0, pid_limit - 2))

    block, following = (
        build_block(number, count=pid_limit, first_vmid=VMID_MIN, last_vmid=VMID_MAX)
        for number in (pid, pid + 1)
    )

    assert following.first == block.last + 1
    assert len(following) == len(block)


def test_block_size_with_the_largest_pid_max() -> None:
    block = build_block(1, count=4_194_304, first_vmid=VMID_MIN, last_vmid=VMID_MAX)

    assert len(block) == 238


@pytest.mark.parametrize("pid", [-1, 32_768, 10**9])
def test_pid_of_another_machine_is_refused(pid: int) -> None:
    with pytest.raises(PidOutsideRangeError, match="PIDs here run from 0 to 32767"):
        build_block(pid, count=32_768, first_vmid=VMID_MIN, last_vmid=VMID_MAX)


def test_recorded_pid_of_another_machine_is_refused_at_once() -> None:
    with pytest.raises(PidOutsideRangeError):
        build_source(recorded_pid=99_999)


def test_range_without_a_vmid_for_each_pid_is_refused_at_once() -> None:
    with pytest.raises(SettingError, match="give at least 32768 VMIDs"):
        build_source(last_vmid=1000)


def test_recorded_pid_gives_its_block_back() -> None:
    recorded = build_source(recorded_pid=4711).get_block()

    expected = build_block(4711, count=32_768, first_vmid=VMID_MIN, last_vmid=VMID_MAX)
    assert (recorded.first, recorded.last, recorded.source) == (
        expected.first,
        expected.last,
        "recorded",
    )


def test_pid_is_read_at_each_use(monkeypatch: pytest.MonkeyPatch) -> None:
    source = build_source(pid_limit=4_194_304)
    before = source.get_block()

    monkeypatch.setattr(os, "getpid", lambda: 4_000_000)

    assert source.get_block().pid == 4_000_000
    assert not source.get_block().overlaps(before)


def test_recorded_pid_is_for_this_process_only(monkeypatch: pytest.MonkeyPatch) -> None:
    source = build_source(recorded_pid=4711, pid_limit=4_194_304)

    monkeypatch.setattr(os, "getpid", lambda: 4_000_000)

    assert source.get_block().pid == 4_000_000


def test_leased_blocks_are_disjoint_and_given_back(tmp_path: Path) -> None:
    sources = [build_source(pid_limit=None, lease_dir=tmp_path) for _ in range(3)]

    blocks = [source.get_block() for source in sources]
    for source in sources:
        source.close()

    assert len({block.first for block in blocks}) == 3
    assert not any(a.overlaps(b) for a in blocks for b in blocks if a is not b)
    assert list(tmp_path.iterdir()) == []


def test_leased_block_stays_the_same_while_it_is_held(tmp_path: Path) -> None:
    source = build_source(pid_limit=None, lease_dir=tmp_path)

    assert source.get_block() == source.get_block()
    source.close()


def test_leased_block_of_somebody_else_is_not_given_out(tmp_path: Path) -> None:
    first = build_source(pid_limit=None, lease_dir=tmp_path)
    number = first.get_block().pid

    second = build_source(pid_limit=None, lease_dir=tmp_path, recorded_pid=number)

    with pytest.raises(NoFreeBlockError, match="end other test runs"):
        second.get_block()
    first.close()


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("darwin", 100_000), ("freebsd14", 100_000), ("win32", None), ("sunos5", None)],
)
def test_pid_limit_of_other_systems(platform: str, expected: int | None) -> None:
    assert identity.read_pid_limit(platform) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says")
def test_pid_limit_of_this_system_is_above_every_pid() -> None:
    limit = identity.read_pid_limit()

    assert limit is not None
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    assert max(pids) < limit


@pytest.mark.proof
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_vmids_of_200_processes_with_threads_are_distinct() -> None:
    output = subprocess.run(
        [sys.executable, "-c", MANY_PROCESSES], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout

    drawn = output.split()
    assert len(drawn) == 200 * 4 * 15
    assert len(set(drawn)) == len(drawn)
