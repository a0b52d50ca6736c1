"""A client of the nursery: it stands where execnet started an interpreter, and gets it a worker.

execnet runs this file by its path, isolated and without `site`: the fewer modules, the sooner the
worker is there.  Whatever goes wrong before there is one, it becomes the interpreter asked for.

    python -I -S nursery_client.py SOCKET PYTHON -u -c ...
"""

from __future__ import annotations

import marshal
import os
import select
import sys

# `socket`, `signal` and `typing` would import `enum`, and take three times as long as the rest.
from _socket import AF_UNIX, SCM_RIGHTS, SOL_SOCKET, socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from typing import NoReturn
else:
    import _signal

NUMBER_BYTES = 4


def main() -> NoReturn:
    """Get a worker and stay until it ends, or become a cold one."""
    # Python's own handler would print a traceback; a cold interpreter sets it again.
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    _, path, executable, *args = sys.argv
    connection = socket(AF_UNIX)
    try:
        connect(connection, path)
        send_request(connection, args)
        pid = read_number(connection)
    except OSError:
        pid = None
    if pid is None:
        os.execv(executable, [executable, *args])  # noqa: S606  what execnet asked for
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    end_like(wait(connection, pid))


def connect(connection: socket, path: str) -> None:
    """Connect by the socket's bare name: a path may be longer than the 107 bytes that fit."""
    here = os.open(".", os.O_RDONLY)
    os.chdir(os.path.dirname(path))  # noqa: PTH120  pathlib takes longer than all the rest
    try:
        connection.connect(os.path.basename(path))  # noqa: PTH119  likewise
    finally:
        os.fchdir(here)
        os.close(here)


def send_request(connection: socket, args: list[str]) -> None:
    """Send the standard streams and all that a worker takes over from this process."""
    umask = os.umask(0o077)
    os.umask(umask)
    variables = dict(os.environb)
    body = marshal.dumps((os.getcwd(), umask, variables, args))  # noqa: PTH109  likewise
    streams = b"".join(number.to_bytes(NUMBER_BYTES, sys.byteorder) for number in (0, 1, 2))
    header = len(body).to_bytes(NUMBER_BYTES, sys.byteorder)
    connection.sendmsg([header], [(SOL_SOCKET, SCM_RIGHTS, streams)])
    connection.sendall(body)


def read_number(connection: socket) -> int | None:
    """Read a number, or None if the other side has gone."""
    data = b""
    while len(data) < NUMBER_BYTES:
        part = connection.recv(NUMBER_BYTES - len(data))
        if not part:
            return None
        data += part
    return int.from_bytes(data, sys.byteorder)


def wait(connection: socket, pid: int) -> int:
    """Wait for the worker's end, and return its status; 0 if a dead nursery can't tell it."""
    try:
        worker = os.pidfd_open(pid)
    except OSError:
        worker = None
    try:
        status = read_number(connection)
    except OSError:
        status = None
    if status is None and worker is not None:
        select.select([worker], [], [])
    return status or 0


def end_like(status: int) -> NoReturn:
    """End with the worker's exit code, or by the signal that it was killed by."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        # SIGKILL has no handler that could be set; one core dump, the worker's, is enough.
        if number != _signal.SIGKILL and not os.WCOREDUMP(status):
            _signal.signal(number, _signal.SIG_DFL)
        if not os.WCOREDUMP(status):
            os.kill(os.getpid(), number)
        os._exit(128 + number)
    os._exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
