"""Wide fixtures, each of which undoes what it does."""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest


class Answer(BaseHTTPRequestHandler):
    """Answers every request."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
        """Say nothing."""


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A variable of the environment for the whole session."""
    os.environ["STOCK_DATABASE_URL"] = "sqlite://"
    yield "sqlite://"
    del os.environ["STOCK_DATABASE_URL"]


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    """A pool for a module."""
    with ThreadPoolExecutor(2, "lawful") as executor:
        yield executor


@pytest.fixture(scope="session")
def server() -> Iterator[int]:
    """The port of a server for the whole session."""
    http = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield http.server_port
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture(scope="session")
def database() -> Iterator[sqlite3.Connection]:
    """A database for the whole session."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table parts (name text, number integer)")
        yield connection


@pytest.fixture(scope="session", params=["small", "large"])
def size(request: pytest.FixtureRequest) -> Iterator[str]:
    """A parametrised fixture that sets a variable as long as it lives."""
    os.environ["STOCK_SIZE"] = request.param
    yield request.param
    os.environ.pop("STOCK_SIZE")


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of pytest's own for the whole session."""
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="module")
def elsewhere(workspace: Path) -> Iterator[Path]:
    """Another current directory for a module."""
    with contextlib.chdir(workspace):
        yield workspace
