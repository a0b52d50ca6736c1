"""The self-test: repeated parallel runs, and proofs of isolation from what the workers recorded.

Each proof is a function that lists what it found wrong in the records of one run.  It is shown
twice: on the infrastructure as it is, where it must find nothing, and with the mechanism that it
is about switched off, where it must find something, or it proves nothing.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

WORKERS = 4
COUNT = 3

# One line of JSON for a test, as its worker wrote it down.
Record = dict[str, Any]

CONFTEST = r'''
import json, os, pathlib, threading, time
import pytest

RECORDS = pathlib.Path(__file__).with_name("records")
VARIABLES = (
    "PROXMOX_TEST_WORKER_ID", "PROXMOX_TEST_TEMP_DIR", "PROXMOX_TEST_MODE",
    "PROXMOX_CONFIG_DIR", "PROXMOX_CACHE_DIR")

def in_threads(call):
    """Call from four threads that live at the same time, and return what they got."""
    got, barrier = [], threading.Barrier(4)
    def run():
        got.append(call())
        barrier.wait()
    threads = [threading.Thread(target=run) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return got

@pytest.fixture
def record(request, worker_id, process_unique_vmid):
    """Torn down before the VMIDs go back, so the time noted is one at which they were held.

    Every test draws one, also the groups', which are sure to run on different workers.
    """
    entry = {
        "test": request.node.nodeid, "worker": worker_id, "pid": os.getpid(),
        "variables": {name: os.environ.get(name) for name in VARIABLES},
        "seen": os.environ.get("LEFT_BY_A_TEST"),
        "vmids": [int(process_unique_vmid)], "held_from": time.monotonic()}
    yield entry
    time.sleep(0.002)
    entry["held_until"] = time.monotonic()
    RECORDS.mkdir(exist_ok=True)
    with open(RECORDS / f"{worker_id}-{os.getpid()}.jsonl", "a") as file:
        file.write(json.dumps(entry) + "\n")

@pytest.fixture
def database_path(worker_environment):
    return worker_environment.directories.temp / "rows.sqlite"
'''

SUITE = """
import asyncio, contextlib, logging, os, random, sqlite3, time
import pytest
from conftest import in_threads

@pytest.mark.parametrize("number", range(4))
def test_vmids(number, record, vmid_factory):
    record["vmids"] += sum(in_threads(lambda: [vmid_factory() for _ in range(5)]), [])

@pytest.mark.parametrize("number", range(4))
def test_environment(number, record, parallel_safe_environment, isolated_temp_dir):
    record["directory"] = str(isolated_temp_dir)
    record["found"] = sorted(str(path) for path in isolated_temp_dir.rglob("*.txt"))
    (isolated_temp_dir / "left.txt").write_text("over")
    os.environ["LEFT_BY_A_TEST"] = record["test"]

@pytest.mark.parametrize("number", range(4))
def test_mocks(number, record, thread_safe_mock_builder):
    builder = thread_safe_mock_builder()
    record["vms_before"] = len(builder.build_api().nodes("node1").qemu.get())
    builder.with_vm(vmid=100, status="stopped")
    builder.build_api().nodes("node1").qemu(100).status.start.post()
    others = in_threads(thread_safe_mock_builder)
    record["builders"] = [id(one) for one in [builder, *others]]
    record["vms_elsewhere"] = [len(one.build_api().nodes("node1").qemu.get()) for one in others]

@pytest.mark.slow
@pytest.mark.parametrize("number", range(4))
def test_slow(number, record):
    record["lane"] = "slow"

@pytest.mark.serial
@pytest.mark.parametrize("number", range(4))
def test_serial(number, record):
    record["lane"] = "serial"

@pytest.mark.xdist_group("database")
@pytest.mark.parametrize("number", range(4))
def test_grouped(number, record):
    record["lane"] = "database"

@pytest.mark.parametrize("number", range(4))
def test_logging(number, record):
    record["level"] = logging.getLogger("shared").level
    logging.getLogger("shared").setLevel(10)

@pytest.mark.parametrize("number", range(4))
def test_random(number, record):
    record["drawn"] = random.random()
    random.seed(0)

@pytest.mark.asyncio
@pytest.mark.parametrize("number", range(4))
async def test_loop(number, record):
    loop = asyncio.get_running_loop()
    record["loop_of"] = getattr(loop, "seen_by", None)
    record["tasks"] = len(asyncio.all_tasks()) - 1
    loop.seen_by = record["test"]

@pytest.mark.parametrize("number", range(4))
def test_locked(number, record, serial_test_lock):
    record["locked_from"] = time.monotonic()
    time.sleep(0.02)
    record["locked_until"] = time.monotonic()

@pytest.mark.parametrize("number", range(4))
def test_database(number, record, worker_id, database_path):
    with contextlib.closing(sqlite3.connect(database_path, timeout=30)) as database, database:
        database.execute("create table if not exists rows (worker)")
        database.execute("insert into rows values (?)", [worker_id])
        record["rows_of"] = [row[0] for row in database.execute("select worker from rows")]
"""

TESTS = 11 * 4 * COUNT


# --- the proofs ----------------------------------------------------------------------------------


def find_shared_vmids(records: Sequence[Record], _: Path) -> Iterator[str]:
    """No VMID in two processes, nor twice at the same time in one."""
    drawn = [(vmid, record) for record in records for vmid in record["vmids"]]
    assert len(drawn) == TESTS + 4 * COUNT * 20
    assert len({record["pid"] for record in records}) > 1, "one process alone shows nothing"
    # In this order two holders of one id, if there are any, are neighbours.
    drawn.sort(key=lambda pair: (pair[0], pair[1]["held_from"]))
    for (one_vmid, one), (other_vmid, other) in pairwise(drawn):
        is_held_twice = one["pid"] != other["pid"] or (
            one["held_from"] < other["held_until"] and other["held_from"] < one["held_until"]
        )
        if one_vmid == other_vmid and is_held_twice:
            yield f"VMID {one_vmid} in {one['test']} and {other['test']}"


def find_shared_directories(records: Sequence[Record], _: Path) -> Iterator[str]:
    """No directory in two tests, and nothing in it from another one."""
    with_directory = [record for record in records if "directory" in record]
    assert len(with_directory) == 4 * COUNT
    for one, other in combinations(with_directory, 2):
        if one["directory"] == other["directory"]:
            yield f"{one['directory']} in {one['test']} and {other['test']}"
    for record in with_directory:
        if record["found"]:
            yield f"{record['test']} found {record['found']}"


def find_shared_variables(records: Sequence[Record], _: Path) -> Iterator[str]:
    """Each worker has values of its own, the same in all its tests; no test sees another's."""
    variables: dict[str, dict[str, str]] = {}
    for record in records:
        values = {name: value for name, value in record["variables"].items() if "MODE" not in name}
        if None in values.values() or variables.setdefault(record["worker"], values) != values:
            yield f"{record['test']} has {values}, not those of {record['worker']}"
        if record["seen"]:
            yield f"{record['test']} saw a variable of {record['seen']}"
    for one, other in combinations(variables, 2):
        for name in variables[one]:
            if variables[one][name] == variables[other][name]:
                yield f"{name} is {variables[one][name]} on {one} and on {other}"


def find_broken_lanes(records: Sequence[Record], _: Path) -> Iterator[str]:
    """Beside a serial test ran nothing, beside a slow one no slow one; a group had one worker."""
    lanes = {record["lane"] for record in records if "lane" in record}
    assert lanes == {"slow", "serial", "database"}
    ordered = sorted(records, key=lambda record: record["held_from"])
    for position, one in enumerate(ordered):
        for other in ordered[position + 1 :]:
            if other["held_from"] >= one["held_until"]:
                break
            found = {one.get("lane"), other.get("lane")}
            if "serial" in found or found == {"slow"}:
                yield f"{one['test']} beside {other['test']}"
    homes = {record["worker"] for record in records if record.get("lane") == "database"}
    if len(homes) > 1:
        yield f"the group ran on {sorted(homes)}"


def find_shared_mocks(records: Sequence[Record], _: Path) -> Iterator[str]:
    """No builder in two threads, none with guests that another test or thread described."""
    with_builders = [record for record in records if "builders" in record]
    assert len(with_builders) == 4 * COUNT
    for record in with_builders:
        if len(set(record["builders"])) != len(record["builders"]):
            yield f"{record['test']} got one builder in two threads"
        if record["vms_before"] or any(record["vms_elsewhere"]):
            yield f"{record['test']} saw guests of another test or thread"


def find_shared_loggers(records: Sequence[Record], _: Path) -> Iterator[str]:
    """No test sees the level that another one has given to a logger."""
    with_level = [record for record in records if "level" in record]
    assert len(with_level) == 4 * COUNT
    yield from (record["test"] for record in with_level if record["level"] != 0)


def find_shared_seeds(records: Sequence[Record], _: Path) -> Iterator[str]:
    """No test draws the numbers that another one's seed has fixed."""
    with_draw = [record for record in records if "drawn" in record]
    assert len(with_draw) == 4 * COUNT
    fixed = random.Random(0).random()
    yield from (record["test"] for record in with_draw if record["drawn"] == fixed)


def find_shared_loops(records: Sequence[Record], _: Path) -> Iterator[str]:
    """No two tests have one event loop, none has another's tasks."""
    with_loop = [record for record in records if "loop_of" in record]
    assert len(with_loop) == 4 * COUNT
    for record in with_loop:
        if record["loop_of"] is not None or record["tasks"]:
            yield f"{record['test']} has the loop of {record['loop_of']}"


def find_broken_locks(records: Sequence[Record], _: Path) -> Iterator[str]:
    """No two tests hold the lock at the same time."""
    locked = sorted(
        (record["locked_from"], record["locked_until"], record["test"])
        for record in records
        if "locked_from" in record
    )
    assert len(locked) == 4 * COUNT
    for (_from, until, one), (begin, _until, other) in pairwise(locked):
        if begin < until:
            yield f"{other} had the lock beside {one}"


def find_shared_databases(records: Sequence[Record], _: Path) -> Iterator[str]:
    """No worker finds rows of another in its database."""
    with_rows = [record for record in records if "rows_of" in record]
    assert len(with_rows) == 4 * COUNT
    assert len({record["worker"] for record in with_rows}) > 1, "one worker alone shows nothing"
    for record in with_rows:
        if set(record["rows_of"]) != {record["worker"]}:
            yield f"{record['test']} found rows of {set(record['rows_of'])}"


def find_leftovers(_: Sequence[Record], infra_dir: Path) -> Iterator[str]:
    """Neither directories nor locks remain after the run."""
    if infra_dir.exists():
        yield from (str(path) for path in [infra_dir, *infra_dir.rglob("*")])


PROOFS: list[Callable[[Sequence[Record], Path], Iterator[str]]] = [
    find_shared_vmids,
    find_shared_directories,
    find_shared_variables,
    find_broken_lanes,
    find_shared_mocks,
    find_shared_loggers,
    find_shared_seeds,
    find_shared_loops,
    find_broken_locks,
    find_shared_databases,
    find_leftovers,
]

# --- how to switch each mechanism off ------------------------------------------------------------

SAME_BLOCK_FOR_ALL = """
@pytest.fixture(scope="session")
def vmid_allocator():
    from tests.infra.identity import BlockSource
    from tests.infra.vmids import VmidAllocator
    return VmidAllocator(BlockSource(
        first_vmid=100, last_vmid=999_999_999, pid_limit=32_768, lease_dir=RECORDS,
        recorded_pid=4711))
"""

SAME_DIRECTORY_FOR_ALL = """
@pytest.fixture
def isolated_temp_dir():
    path = RECORDS.with_name("shared")
    path.mkdir(exist_ok=True)
    return path
"""

SAME_VARIABLES_FOR_ALL = """
@pytest.fixture(autouse=True, scope="session")
def same_variables():
    os.environ.update(dict.fromkeys(VARIABLES, "/shared"))

@pytest.fixture
def parallel_safe_environment():
    pass
"""

SAME_BUILDER_FOR_ALL = """
@pytest.fixture(scope="session")
def thread_safe_mock_builder():
    from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
    builder = ProxmoxAPIMockBuilder()
    return lambda: builder
"""

ONE_LOOP_FOR_ALL = ("-o", "asyncio_default_test_loop_scope=session")

LOCK_FOR_NOBODY = """
@pytest.fixture
def serial_test_lock():
    pass
"""

SAME_DATABASE_FOR_ALL = """
@pytest.fixture
def database_path():
    return RECORDS.with_name("rows.sqlite")
"""

NO_CLEANING_UP = """
from tests.infra import environment
environment.remove_tree = lambda path: None
"""

SWITCHED_OFF = [
    pytest.param(find_shared_vmids, SAME_BLOCK_FOR_ALL, (), id="vmids"),
    pytest.param(find_shared_directories, SAME_DIRECTORY_FOR_ALL, (), id="directories"),
    pytest.param(find_shared_variables, SAME_VARIABLES_FOR_ALL, (), id="variables"),
    pytest.param(find_broken_lanes, "", ("--scheduler=xdist",), id="lanes"),
    pytest.param(find_shared_mocks, SAME_BUILDER_FOR_ALL, (), id="mocks"),
    pytest.param(find_shared_loggers, "", ("--isolation=off",), id="logging"),
    pytest.param(find_shared_seeds, "", ("--isolation=off",), id="random"),
    pytest.param(find_shared_loops, "", ONE_LOOP_FOR_ALL, id="loops"),
    pytest.param(find_broken_locks, LOCK_FOR_NOBODY, (), id="locks"),
    pytest.param(find_shared_databases, SAME_DATABASE_FOR_ALL, (), id="databases"),
    pytest.param(find_leftovers, NO_CLEANING_UP, (), id="leftovers"),
]

# --- the runs ------------------------------------------------------------------------------------


@pytest.fixture
def run_inner(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[Record]]:
    """Runs the inner suite with `-n 4 --count=3` and returns what its workers recorded."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(test_suite=SUITE)
    # Hypothesis costs each process of an inner run 0.2 s, and the inner suite doesn't use it.
    plugins = ("tests.infra.plugin", "tests.fixtures.plugin", "no:hypothesispytest")
    options = [part for plugin in plugins for part in ("-p", plugin)]

    def run(infra_dir: Path, switch: str = "", args: Sequence[str] = ()) -> list[Record]:
        pytester.makeconftest(CONFTEST + switch)
        parallel = ("-n", str(WORKERS), f"--count={COUNT}", f"--infra-dir={infra_dir}")
        result = pytester.runpytest_subprocess(*options, *parallel, *args, timeout=60)
        result.assert_outcomes(passed=TESTS)
        return read_records(pytester.path / "records")

    return run


def read_records(directory: Path) -> list[Record]:
    lines = [line for path in directory.iterdir() for line in path.read_text().splitlines()]
    for path in directory.iterdir():
        path.unlink()
    records = [json.loads(line) for line in lines]
    assert len(records) == TESTS
    assert len({record["test"] for record in records}) == TESTS
    return records


@pytest.mark.parametrize("times", [1, pytest.param(5, marks=pytest.mark.proof)])
def test_repeated_parallel_runs_are_isolated(
    run_inner: Callable[..., list[Record]], tmp_path: Path, times: int
) -> None:
    for _ in range(times):
        records = run_inner(tmp_path / "infra")

        assert len({record["worker"] for record in records}) == WORKERS
        for find in PROOFS:
            assert list(find(records, tmp_path / "infra")) == [], find.__doc__


@pytest.mark.proof
@pytest.mark.parametrize(("find", "switch", "args"), SWITCHED_OFF)
def test_proof_fails_with_its_mechanism_switched_off(
    run_inner: Callable[..., list[Record]],
    tmp_path: Path,
    find: Callable[[Sequence[Record], Path], Iterator[str]],
    switch: str,
    args: Sequence[str],
) -> None:
    records = run_inner(tmp_path / "infra", switch, args)

    assert list(find(records, tmp_path / "infra")) != []


def test_every_proof_has_its_negative() -> None:
    assert {parameters.values[0] for parameters in SWITCHED_OFF} == set(PROOFS)
