"""What a client asks a nursery for, and how a forked process becomes just that.

Loaded in a nursery's process only, like `gate`.  When to fork is left to `nursery`.
"""

import marshal
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PACKAGE: Final = "infra_nursery"
"""Under which the modules of a nursery are imported there: the project's own package is not."""

BOOTSTRAP_ARGS: Final = ("-u", "-c", "import sys;exec(eval(sys.stdin.readline()))")
"""The arguments of an interpreter that execnet starts; a client with others gets no worker."""

MAIN_NAMES: Final = frozenset(
    (
        *("__name__", "__doc__", "__package__", "__loader__", "__spec__", "__annotations__"),
        *("__builtins__", "sys"),
    )
)
"""What `__main__` holds in a cold worker once it has read its first line."""

PASSING_VARIABLES: Final = frozenset((b"_", b"PYTEST_CURRENT_TEST", b"COLUMNS", b"LINES"))
"""Variables that may differ between nursery and client: nothing reads them when imported.

The last two are set by readline behind Python's back, in the process that starts both.
"""

NUMBER_BYTES: Final = 4
DESCRIPTORS: Final = 3
CLIENT_TIMEOUT_S: Final = 10.0
"""How long a client may take to say who it is; it sends everything at once."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for: a worker in its place."""

    client: socket.socket
    descriptors: list[int]
    directory: str
    umask: int
    variables: dict[bytes, bytes]
    args: tuple[str, ...]

    def find_obstacle(self, variables: dict[bytes, bytes]) -> str:
        """Return why a fork would not be what this client's own interpreter is, or nothing."""
        if self.args != BOOTSTRAP_ARGS:
            return "a worker was to start with other arguments"
        changed = {
            name
            for name in {*variables, *self.variables} - PASSING_VARIABLES
            if variables.get(name) != self.variables.get(name)
        }
        names = ", ".join(sorted(os.fsdecode(name) for name in changed))
        return f"the environment has changed since ({names})" if names else ""

    def put_on(self) -> None:
        """Make this process what the client's own interpreter would be; called in the worker."""
        for number, descriptor in enumerate(self.descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.chdir(self.directory)
        os.umask(self.umask)
        os.environb.clear()
        os.environb.update(self.variables)
        # The client watches this process by its id, also once the nursery has died.
        self.client.sendall(os.getpid().to_bytes(NUMBER_BYTES, sys.byteorder))
        self.client.close()


def receive(client: socket.socket) -> Request:
    """Read what a client sends: the length, with its descriptors, and then marshalled values."""
    client.settimeout(CLIENT_TIMEOUT_S)
    space = socket.CMSG_LEN(DESCRIPTORS * NUMBER_BYTES)
    header, ancillary, _, _ = client.recvmsg(NUMBER_BYTES, space)
    descriptors = [
        int.from_bytes(data[at : at + NUMBER_BYTES], sys.byteorder, signed=True)
        for _, _, data in ancillary
        for at in range(0, len(data), NUMBER_BYTES)
    ]
    try:
        body = _receive_exactly(client, int.from_bytes(header, sys.byteorder))
        directory, umask, variables, args = marshal.loads(body)  # noqa: S302  from the same user
    except BaseException:
        close_all(descriptors)
        raise
    client.settimeout(None)
    return Request(client, descriptors, directory, umask, variables, tuple(args))


def _receive_exactly(client: socket.socket, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = client.recv(size)
        if not part:
            raise EOFError("a client left")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def close_all(descriptors: list[int]) -> None:
    """Close descriptors that a client sent."""
    for descriptor in descriptors:
        os.close(descriptor)


def read_gateway_source() -> str:
    """Return the source of execnet's gateway, which execnet sends to every `python=` it starts."""
    module = sys.modules.get("execnet.gateway_base")
    if module is None or module.__file__ is None:
        return ""
    return Path(module.__file__).read_text(encoding="utf-8")


def clean_up(roots: tuple[str, ...]) -> None:
    """Remove from a new worker what it has from the nursery and a cold one has not."""
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    main_module = vars(sys.modules["__main__"])
    for name in main_module.keys() - MAIN_NAMES:
        del main_module[name]
    # Files of the project may have come since.
    for path in list(sys.path_importer_cache):
        if not path.startswith(roots):
            del sys.path_importer_cache[path]
    _draw_anew()


def _draw_anew() -> None:
    """Give a new worker random numbers of its own; `random` itself does so after a fork."""
    if processes := sys.modules.get("multiprocessing.process"):
        processes.current_process().authkey = os.urandom(32)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()


def read_first_line(gateway_source: str) -> str:
    """Read what execnet sends to an interpreter, and return it for `exec`.

    That is, for `python=`, the whole of its gateway's source and some lines.  It is imported
    already, so the lines are enough; they find the names as in a worker that was started plainly.
    """
    source = str(eval(sys.stdin.readline()))  # noqa: S307  as BOOTSTRAP_ARGS does
    if not gateway_source or not source.startswith(gateway_source):
        return source
    names = "from execnet.gateway_base import serve, init_popen_io, get_execmodel\n"
    return names + source.removeprefix(gateway_source)
