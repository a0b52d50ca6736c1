import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from app import machine


def test_inside(tmp_path):
    with machine.inside(tmp_path):
        assert Path.cwd() == tmp_path.resolve()


def test_back_again(tmp_path):
    before = Path.cwd()
    with machine.inside(tmp_path):
        pass
    assert Path.cwd() == before


def test_chdir_by_monkeypatch(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a").touch()
    assert (tmp_path / "a").exists()


def test_private_file(tmp_path):
    with machine.private():
        (tmp_path / "key").touch()
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0


def test_umask_is_kept():
    before = os.umask(0o022)
    os.umask(before)
    with machine.private():
        pass
    after = os.umask(before)
    assert after == before


def test_signal():
    seen = []
    with machine.on_signal(signal.SIGUSR1, lambda: seen.append(1)):
        signal.raise_signal(signal.SIGUSR1)
    assert seen == [1]


def test_handler_is_kept():
    before = signal.getsignal(signal.SIGUSR1)
    with machine.on_signal(signal.SIGUSR1, print):
        pass
    assert signal.getsignal(signal.SIGUSR1) is before


def test_arguments(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["machine", "-v"])
    assert sys.argv[1] == "-v"


def test_socket_timeout(monkeypatch):
    monkeypatch.setattr(socket, "getdefaulttimeout", lambda: 5)
    assert socket.getdefaulttimeout() == 5


@pytest.mark.parametrize("name", ["a", "b"])
def test_files_in_the_directory(tmp_path, name):
    with machine.inside(tmp_path):
        Path(name).write_text(name)
        assert os.listdir() == [name]
