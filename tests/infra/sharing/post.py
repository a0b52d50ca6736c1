"""The keeper's door: users hold a connection to it, and whoever ends the run tells it to stop.

A connection carries no values, only that there is something new to read in the state's file: `use`
or `stop` and a token go in, a line comes out once the phase that was asked about is over.
"""

import contextlib
import secrets
import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

POLL_S: Final = 0.25
"""How often a keeper without users asks whether its run still lives."""

HELLO_BYTES: Final = 200

NEWS: Final = b"\n"


class Post:
    """Listens on the loopback; `stop` is set when the fixture is to be torn down."""

    def __init__(self, is_run_over: Callable[[], bool]) -> None:
        self.stop = threading.Event()
        self.token = secrets.token_hex(16)
        self._is_run_over = is_run_over
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._users: set[socket.socket] = set()
        self._stoppers: set[socket.socket] = set()
        self._news: set[str] = set()
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)

    def open(self) -> None:
        """Listen, in a thread that ends with the process."""
        threading.Thread(target=self._listen, name="infra-post", daemon=True).start()

    def tell_users(self) -> None:
        """Tell them, and those who come later, that the set-up is over."""
        self._tell("use", self._users)

    def tell_stoppers(self) -> None:
        """Tell whoever asked for it that the teardown is over."""
        self._tell("stop", self._stoppers)

    def _tell(self, verb: str, connections: set[socket.socket]) -> None:
        with self._lock:
            self._news.add(verb)
            for connection in connections:
                _send(connection)

    def _listen(self) -> None:
        asked_at = 0.0
        while True:
            for key, _ in self._selector.select(POLL_S):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                if connection is self._listener:
                    self._accept()
                else:
                    self._read(connection)
            has_time = time.monotonic() - asked_at > POLL_S
            if not self._users and not self.stop.is_set() and has_time:
                asked_at = time.monotonic()
                if self._is_run_over():
                    self.stop.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        """Read a greeting, which a loopback delivers whole, or find that a user has gone."""
        try:
            greeting = connection.recv(HELLO_BYTES).decode(errors="replace").split()
        except OSError:
            greeting = []
        with self._lock:
            if greeting == ["use", self.token]:
                self._welcome("use", connection, self._users)
            elif greeting == ["stop", self.token]:
                self.stop.set()
                self._welcome("stop", connection, self._stoppers)
            else:
                self._drop(connection)

    def _welcome(
        self, verb: str, connection: socket.socket, connections: set[socket.socket]
    ) -> None:
        connections.add(connection)
        if verb in self._news:
            _send(connection)

    def _drop(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        self._users.discard(connection)
        self._stoppers.discard(connection)
        connection.close()


def _send(connection: socket.socket) -> None:
    # A user that has died reads nothing any more.
    with contextlib.suppress(OSError):
        connection.send(NEWS)
