import contextlib
import socket

import pytest
from app.echo import Echo


def test_echo(echo):
    assert echo.ask(b"hello") == b"hello"


def test_echo_twice(echo):
    assert [echo.ask(b"a"), echo.ask(b"b")] == [b"a", b"b"]


def test_shared_echo(shared_echo):
    assert shared_echo.ask(b"x") == b"shared x"


def test_shared_echo_again(shared_echo):
    assert shared_echo.ask(b"y").endswith(b"y")


def test_two_ports(echo, shared_echo):
    assert echo.port != shared_echo.port


def test_prefix():
    with contextlib.closing(Echo(b"> ")) as echo:
        assert echo.ask(b"x") == b"> x"


def test_port_is_known(echo):
    assert 1024 <= echo.port < 65536


@pytest.mark.parametrize("line", [b"1", b"two words", b"\x00"])
def test_lines(echo, line):
    assert echo.ask(line) == line


def test_datagrams():
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
        one.bind(("127.0.0.1", 0))
        one.settimeout(60)
        two.sendto(b"x", one.getsockname())
        assert one.recv(10) == b"x"


def test_pair_of_sockets():
    one, other = socket.socketpair()
    with one, other:
        one.sendall(b"hello")
        assert other.recv(10) == b"hello"
