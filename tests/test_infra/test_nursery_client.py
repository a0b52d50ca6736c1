"""The client in the place of an interpreter; each that ends itself does so in a fork."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.infra import nursery_client, nursery_request
from tests.test_infra.forks import end_in_fork, run_in_fork

NAME = "listens"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[socket.socket]:
    """A nursery's socket, in a directory whose path is too long for one."""
    directory = tmp_path / ("long" * 40)
    directory.mkdir()
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(directory)
        made.bind(NAME)
        os.chdir(here)
        made.listen()
        made.settimeout(10)
        yield made


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The two ends of a connection: the nursery's and the client's."""
    nursery, client = socket.socketpair()
    with nursery, client:
        yield nursery, client


def number(value: int) -> bytes:
    return value.to_bytes(nursery_client.NUMBER_BYTES, sys.byteorder)


def find_socket(tmp_path: Path) -> str:
    return str(tmp_path / ("long" * 40) / NAME)


def run_main(path: str) -> Callable[[], None]:
    """Make the work of a client that would become an interpreter, and tells it by exit code 7."""

    def work() -> None:
        sys.argv = ["client", path, "/python", "-u", "-c", "pass"]
        os.execv = lambda executable, args: os._exit(7 if args[0] == executable else 8)
        nursery_client.main()

    return work


def test_client_asks_for_what_it_is_and_ends_as_its_worker(
    server: socket.socket, tmp_path: Path
) -> None:
    pid = end_in_fork(run_main(find_socket(tmp_path)))
    connection, _ = server.accept()
    with connection:
        request = nursery_request.receive(connection)
        connection.sendall(number(os.getpid()) + number(5 << 8))
        _, status = os.waitpid(pid, 0)
    nursery_request.close_all(request.descriptors)

    assert os.waitstatus_to_exitcode(status) == 5
    assert request.args == ("-u", "-c", "pass")
    assert request.directory == str(Path.cwd())
    assert len(request.descriptors) == 3
    assert request.variables == dict(os.environb)


def test_client_that_is_refused_becomes_the_interpreter(
    server: socket.socket, tmp_path: Path
) -> None:
    pid = end_in_fork(run_main(find_socket(tmp_path)))
    connection, _ = server.accept()
    request = nursery_request.receive(connection)
    nursery_request.close_all(request.descriptors)
    connection.close()

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_client_without_a_nursery_becomes_the_interpreter(tmp_path: Path) -> None:
    pid = end_in_fork(run_main(str(tmp_path / "nobody")))

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


@pytest.mark.parametrize(
    ("status", "code"),
    [(0, 0), (3 << 8, 3), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)],
    ids=["success", "failure", "terminated", "killed"],
)
def test_client_ends_as_its_worker(status: int, code: int) -> None:
    pid = end_in_fork(lambda: nursery_client.end_like(int(status)))

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == code


def test_one_core_dump_is_enough() -> None:
    dumped = signal.SIGSEGV | 0x80

    pid = end_in_fork(lambda: nursery_client.end_like(dumped))

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 128 + signal.SIGSEGV


def test_number_that_comes_in_parts_is_read_whole(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    nursery, client = pair
    nursery.sendall(number(70_000) + number(1)[:2])
    nursery.close()

    assert nursery_client.read_number(client) == 70_000
    assert nursery_client.read_number(client) is None


def test_end_of_a_worker_is_seen_where_the_nursery_died(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    nursery, client = pair
    nursery.close()
    worker = os.posix_spawn("/bin/sleep", ["sleep", "0.05"], {})

    # In forks, for a client's descriptors end with it.
    assert run_in_fork(lambda: nursery_client.wait(client, worker)) == 0
    # It has ended, so nobody has to wait for it.
    assert os.waitpid(worker, os.WNOHANG)[0] == worker
    assert run_in_fork(lambda: nursery_client.wait(client, worker)) == 0


def test_request_of_a_client_that_left_is_none(pair: tuple[socket.socket, socket.socket]) -> None:
    nursery, client = pair
    client.sendall(number(100) + b"x")
    client.close()

    with pytest.raises(EOFError, match="a client left"):
        nursery_request.receive(nursery)
