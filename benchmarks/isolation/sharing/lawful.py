"""What four workers may do at once: nothing of it is a conflict.

Copied as a test module by `contention`.  Each test runs once on each worker, and the four meet
before they end, so that whatever they hold, they hold at once; but for those of the lane.
"""

import asyncio
import dbm.dumb
import fcntl
import logging
import os
import py_compile
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest

PLACE = Path(os.environ.get("SHARING_PLACE", "."))
DEADLINE_S = 60.0
SIDES = range(4)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test once on each worker."""
    if "side" in metafunc.fixturenames:
        metafunc.parametrize(
            "side", [pytest.param(side, marks=pytest.mark.xdist_group(f"{side}")) for side in SIDES]
        )


@pytest.fixture(autouse=True)
def meet(request: pytest.FixtureRequest) -> Iterator[None]:
    """End when the other three have done the same."""
    side = request.getfixturevalue("side") if "side" in request.fixturenames else None
    yield
    if side is None:
        return
    name = request.node.originalname
    (PLACE / "meetings" / f"{name}.{side}").touch()
    deadline = time.monotonic() + DEADLINE_S
    while len(list((PLACE / "meetings").glob(f"{name}.*"))) < len(SIDES):
        assert time.monotonic() < deadline, "the others never came"
        time.sleep(0.002)


def test_tmp_path(side: int, tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c.txt").write_text(f"{side}")
    shutil.rmtree(tmp_path / "a")


def test_tmp_path_factory(side: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    (tmp_path_factory.mktemp("data") / "c.txt").write_text(f"{side}")


def test_isolated_temp_dir(side: int, isolated_temp_dir: Path) -> None:
    (isolated_temp_dir / "c.txt").write_text(f"{side}")


def test_directories_of_the_worker(side: int) -> None:
    Path(os.environ["PROXMOX_CACHE_DIR"], "c.txt").write_text(f"{side}")


def test_current_directory(side: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.txt").write_text(f"{side}")


def test_home(side: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    Path("~/.config").expanduser().mkdir()
    Path("~/.config/app.ini").expanduser().write_text(f"{side}")


def test_kernel_chooses_the_port(side: int) -> None:
    with socket.socket() as server, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        server.bind(("127.0.0.1", 0))
        datagrams.bind(("", 0))
        assert server.getsockname()[1] > side


def test_port_from_the_slot(side: int, worker_slot: int) -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 28_000 + worker_slot))
        assert side in SIDES


def test_address_of_its_own(side: int) -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((f"127.0.0.{side + 2}", 28_100))


def test_unix_socket(side: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{side}.sock")


def test_server_of_asyncio(side: int) -> None:
    async def serve() -> int:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        return port

    assert asyncio.run(serve()) > side


def test_mkdtemp(side: int) -> None:
    path = Path(tempfile.mkdtemp())
    (path / "c.txt").write_text(f"{side}")
    shutil.rmtree(path)


def test_temporary_directory(side: int) -> None:
    with tempfile.TemporaryDirectory(dir=PLACE) as name:
        Path(name, "c.txt").write_text(f"{side}")


def test_temporary_files(side: int) -> None:
    with (
        tempfile.NamedTemporaryFile(dir=PLACE) as named,
        tempfile.TemporaryFile(dir=PLACE) as unnamed,
        tempfile.SpooledTemporaryFile(max_size=1, dir=str(PLACE)) as spooled,
    ):
        for file in (named, unnamed, spooled):
            file.write(bytes([side]) * 9)


def test_database_of_its_own(side: int, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "app.db")
    connection.execute("create table t (side)")
    connection.execute("insert into t values (?)", (side,))
    connection.commit()
    connection.close()


def test_database_in_memory(side: int) -> None:
    sqlite3.connect(":memory:").close()
    sqlite3.connect("file::memory:", uri=True).close()
    connection = sqlite3.connect("file:shared?mode=memory&cache=shared", uri=True)
    assert connection.execute("select ?", (side,)).fetchone() == (side,)
    connection.close()


def test_database_that_is_read(side: int) -> None:
    connection = sqlite3.connect(f"file:{PLACE}/read.db?mode=ro", uri=True)
    assert connection.execute("select count(*) from t").fetchone()[0] >= 0 * side
    connection.close()


def test_other_database(side: int, tmp_path: Path) -> None:
    with dbm.dumb.open(str(tmp_path / "db"), "c") as database:
        database["side"] = f"{side}"


def test_log_of_the_worker(side: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logging.getLogger("app").info("side %d", side)


def test_shared_log(side: int) -> None:
    with (PLACE / "shared.log").open("a") as log:
        log.write(f"{side}\n")


def test_file_that_is_read(side: int) -> None:
    assert len((PLACE / "data.txt").read_text()) > side
    assert len(Path(__file__).read_text()) > side


def test_made_once_under_a_lock(side: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    shared = tmp_path_factory.getbasetemp().parent / "data.json"
    with filelock.FileLock(f"{shared}.lock"):
        text = shared.read_text() if shared.exists() else ""
        shared.write_text(f"{text}{side}")


def test_counter_under_a_lock(side: int) -> None:
    with (PLACE / "counter.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (PLACE / "counter").write_text(f"{side}")


@pytest.mark.parametrize("number", range(8))
@pytest.mark.usefixtures("serial_test_lock")
def test_under_the_lock_of_the_machine(number: int) -> None:
    (PLACE / "machine.txt").write_text(f"{number}")


@pytest.mark.parametrize("number", range(8))
@pytest.mark.slow
def test_in_a_lane(number: int) -> None:
    (PLACE / "lane.txt").write_text(f"{number}")


def test_file_named_after_the_worker(side: int, worker_id: str) -> None:
    (PLACE / f"{worker_id}.txt").write_text(f"{side}")


def test_directory_named_after_the_worker(side: int, worker_id: str) -> None:
    (PLACE / "by-worker" / worker_id).mkdir(parents=True, exist_ok=True)
    (PLACE / "by-worker" / worker_id / "c.txt").write_text(f"{side}")


def test_directory_that_is_there(side: int) -> None:
    (PLACE / "there").mkdir(exist_ok=True)
    (PLACE / "there" / f"{side}.txt").write_text(f"{side}")


def test_nothing_to_remove(side: int) -> None:
    (PLACE / "absent.txt").unlink(missing_ok=True)
    shutil.rmtree(PLACE / "absent", ignore_errors=bool(side + 1))


def test_devices(side: int) -> None:
    Path(os.devnull).write_text(f"{side}")


def test_cache_of_pytest(side: int, pytestconfig: pytest.Config) -> None:
    cache = pytestconfig.cache
    assert cache is not None
    cache.set("sharing/side", side)
    (cache.mkdir("sharing") / "c.txt").write_text(f"{side}")


def test_bytecode(side: int) -> None:
    assert py_compile.compile(str(PLACE / "module.py"), optimize=side % 3)


def test_child(side: int, tmp_path: Path) -> None:
    text = f"open({str(tmp_path / 'c.txt')!r}, 'w').write('{side}')"
    subprocess.run([sys.executable, "-S", "-c", text], check=True)


# The child writes one byte and is gone.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork(side: int, tmp_path: Path) -> None:
    if (pid := os.fork()) == 0:
        (tmp_path / "c.txt").write_text(f"{side}")
        os._exit(0)
    os.waitpid(pid, 0)


def test_thread(side: int, tmp_path: Path) -> None:
    thread = threading.Thread(target=(tmp_path / "c.txt").write_text, args=(f"{side}",))
    thread.start()
    thread.join()


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that each worker makes for all its tests."""
    path = tmp_path_factory.mktemp("export") / "export.csv"
    path.write_text("a,b\n")
    return path


def test_wide_fixture(side: int, export: Path) -> None:
    assert export.stat().st_size > side


@pytest.mark.leaks("contention", reason="what it holds is empty")
def test_exempt(side: int) -> None:
    (PLACE / "exempt.txt").write_text(f"{side}")
