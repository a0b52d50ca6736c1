"""Ten conflicts between two workers: what is on the left holds something beside the right.

Copied as a test module by `contention`.  Each worker runs one side, and each pair meets while both
hold what they share, so that every pair overlaps for certain; nothing fails.
"""

import contextlib
import os
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PLACE = Path(os.environ.get("SHARING_PLACE", "."))
PORT = int(os.environ.get("SHARING_PORT", "0"))
DEADLINE_S = 30.0

left = pytest.mark.xdist_group("left")
right = pytest.mark.xdist_group("right")


@pytest.fixture(autouse=True)
def meet(request: pytest.FixtureRequest) -> Iterator[None]:
    """End when the other side of the pair has done what it does, too."""
    yield
    pair, _, side = request.node.name.removeprefix("test_").rpartition("_")
    (PLACE / "meetings" / f"{pair}.{side}").touch()
    deadline = time.monotonic() + DEADLINE_S
    while len(list((PLACE / "meetings").glob(f"{pair}.*"))) < 2:
        assert time.monotonic() < deadline, "the other side never came"
        time.sleep(0.002)


@left
def test_file_left() -> None:
    (PLACE / "report.txt").write_text("left")


@right
def test_file_right() -> None:
    (PLACE / "report.txt").write_text("right")


@left
def test_replaced_left() -> None:
    (PLACE / "state.json.left").write_text("{}")
    (PLACE / "state.json.left").replace(PLACE / "state.json")


@right
def test_replaced_right() -> None:
    with (PLACE / "state.json").open("a") as state:
        state.write("{}")


@left
def test_port_left() -> None:
    with socket.socket() as server, contextlib.suppress(OSError):
        server.bind(("127.0.0.1", PORT))


@right
def test_port_right() -> None:
    with socket.socket() as server, contextlib.suppress(OSError):
        server.bind(("localhost", PORT))


@left
def test_datagrams_left() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server, contextlib.suppress(OSError):
        server.bind(("", PORT))


@right
def test_datagrams_right() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server, contextlib.suppress(OSError):
        server.bind(("127.0.0.1", PORT))


@left
def test_database_left() -> None:
    sqlite3.connect(PLACE / "app.db").close()


@right
def test_database_right() -> None:
    sqlite3.connect(f"file:{PLACE}/app.db?mode=rwc", uri=True).close()


@pytest.fixture(scope="module")
def users() -> Iterator[sqlite3.Connection]:
    """A database that each worker opens for all its tests."""
    connection = sqlite3.connect(PLACE / "users.db")
    yield connection
    connection.close()


@left
def test_fixture_left(users: sqlite3.Connection) -> None:
    assert users.execute("select 1").fetchone() == (1,)


@right
def test_fixture_right(users: sqlite3.Connection) -> None:
    assert users.execute("select 1").fetchone() == (1,)


@left
def test_directory_left() -> None:
    (PLACE / "uploads").mkdir(exist_ok=True)


@right
def test_directory_right() -> None:
    (PLACE / "uploads").mkdir(exist_ok=True)


@left
def test_removed_left() -> None:
    (PLACE / "exports" / "daily").mkdir(parents=True, exist_ok=True)


@right
def test_removed_right() -> None:
    (PLACE / "exports" / "daily").mkdir(parents=True, exist_ok=True)
    shutil.rmtree(PLACE / "exports", ignore_errors=True)


@left
def test_tree_left() -> None:
    Path("build.log").write_text("left")


@right
def test_tree_right() -> None:
    os.close(os.open("build.log", os.O_WRONLY | os.O_CREAT))


@left
def test_beside_left() -> None:
    Path(__file__).with_name("snapshot.json").write_text("{}")


@right
def test_beside_right() -> None:
    shutil.copy(__file__, Path(__file__).with_name("snapshot.json"))
