"""A process that has imported what workers need, and forks one worker for each client.

`warmstart` starts it with `build_bootstrap`; `nursery_client` asks it for workers.  Workers never
import it, so it needs nothing but the standard library, and `gate` beside it.
"""

import contextlib
import gc
import importlib
import json
import marshal
import os
import select
import signal
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from . import gate

SOCKET_NAME: Final = "nursery"

BOOTSTRAP_ARGS: Final = ("-u", "-c", "import sys;exec(eval(sys.stdin.readline()))")
"""The arguments of an interpreter that execnet starts; a client with others gets no worker."""

MAIN_NAMES: Final = frozenset(
    ("__name__", "__doc__", "__package__", "__loader__", "__spec__", "__annotations__")
    + ("__builtins__", "sys")
)
"""What `__main__` holds in a cold worker once it has read its first line."""

PASSING_VARIABLES: Final = frozenset((b"_", b"PYTEST_CURRENT_TEST"))
"""Variables that may differ between nursery and client: nothing reads them when imported."""

HEADER_BYTES: Final = 4
DESCRIPTORS: Final = 3
CLIENT_TIMEOUT_S: Final = 10.0
"""How long a client may take to say who it is; it sends everything at once."""


@dataclass(frozen=True, slots=True)
class Ward:
    """A living worker and the connection to its client."""

    pid: int
    pidfd: int
    client: socket.socket


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
        self.client.sendall(os.getpid().to_bytes(HEADER_BYTES, sys.byteorder))
        self.client.close()


def build_bootstrap(order: gate.Order) -> tuple[list[str], bytes]:
    """Build the arguments of a nursery's interpreter and what to write on its standard input."""
    # A package of one's own, because the real one's `__init__` and parents are the project's.
    source = "\n".join(
        (
            "import sys, types",
            "package = types.ModuleType('infra_nursery')",
            f"package.__path__ = [{str(Path(__file__).parent)!r}]",
            "sys.modules['infra_nursery'] = package",
            "from infra_nursery.nursery import main",
            "exec(main())",
        )
    )
    lines = f"{source!r}\n{json.dumps(asdict(order))}\n"
    return [sys.executable, *BOOTSTRAP_ARGS], lines.encode()


def main() -> str:
    """Do all that a nursery does; return in the workers only, with the code to run in them."""
    order = gate.Order(**json.loads(sys.stdin.readline()))
    # Modules may print when they are imported, and nobody else may hold the pipe's other end.
    reports = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        variables = dict(os.environb)
        _preload(order, reports)
        gateway_source = _read_gateway_source()
        # Modules live until the end: no worker has to look at them, and so to copy their pages.
        gc.freeze()
        request = Nursery(order.directory, variables, reports).serve()
    # Nothing of a nursery may show in a run: its workers start cold then.
    except BaseException as error:  # noqa: BLE001  see above
        _report(reports, problem=f"{type(error).__name__}: {error}")
        os._exit(3)
    # Here, this is a worker.
    os.close(reports)
    request.put_on()
    signal.signal(signal.SIGINT, interrupt)
    _clean_up()
    return _read_first_line(gateway_source)


class Nursery:
    """Waits for clients, the end of workers, and the end of the controller."""

    def __init__(self, directory: str, variables: dict[bytes, bytes], reports: int) -> None:
        self._variables = variables
        self._reports = reports
        self._wards: dict[int, Ward] = {}
        """By the descriptor that tells of the worker's or of the client's end."""
        self._path = Path(directory) / SOCKET_NAME
        self._listener = _listen(directory)
        self._poll = select.poll()
        self._poll.register(0, select.POLLHUP)
        self._poll.register(self._listener, select.POLLIN)

    def serve(self) -> Request:
        """Fork workers until the controller is gone; return in a worker, with its request."""
        _report(self._reports, is_ready=True)
        is_closing = False
        while self._wards or not is_closing:
            for descriptor, _ in self._poll.poll():
                if descriptor == 0:
                    is_closing = True
                    self._close()
                elif ward := self._wards.get(descriptor):
                    self._end(ward, descriptor)
                elif not is_closing and (request := self._admit()):
                    return request
        os._exit(0)

    def _admit(self) -> Request | None:
        """Fork a worker for the next client; return its request in the worker only."""
        client, _ = self._listener.accept()
        try:
            request = _receive(client)
        except (OSError, ValueError, EOFError) as error:
            self._turn_away(client, [], f"{type(error).__name__}: {error}")
            return None
        if obstacle := request.find_obstacle(self._variables):
            self._turn_away(client, request.descriptors, obstacle)
            return None
        try:
            pid = os.fork()
        except OSError as error:
            self._turn_away(client, request.descriptors, f"can't fork: {error}")
            return None
        if pid == 0:
            self._let_go()
            return request
        self._watch(Ward(pid, os.pidfd_open(pid), client))
        _close_all(request.descriptors)
        return None

    def _turn_away(self, client: socket.socket, descriptors: list[int], problem: str) -> None:
        """Let a client start its own interpreter, which it does when it is told nothing."""
        _report(self._reports, problem=problem)
        _close_all(descriptors)
        client.close()

    def _watch(self, ward: Ward) -> None:
        for descriptor in (ward.pidfd, ward.client.fileno()):
            self._wards[descriptor] = ward
            self._poll.register(descriptor, select.POLLIN)

    def _end(self, ward: Ward, descriptor: int) -> None:
        """Kill a worker whose client has died, or tell a client how its worker ended."""
        if descriptor == ward.pidfd:
            _, status = os.waitpid(ward.pid, 0)
            self._forget(ward.pidfd)
            os.close(ward.pidfd)
            with contextlib.suppress(OSError):
                ward.client.sendall(status.to_bytes(HEADER_BYTES, sys.byteorder))
            self._forget(ward.client.fileno())
            ward.client.close()
        else:
            signal.pidfd_send_signal(ward.pidfd, signal.SIGKILL)
            self._forget(descriptor)

    def _forget(self, descriptor: int) -> None:
        if self._wards.pop(descriptor, None):
            self._poll.unregister(descriptor)

    def _close(self) -> None:
        """Take no clients any more; what workers are left ends without their controller."""
        self._poll.unregister(0)
        self._poll.unregister(self._listener)
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _let_go(self) -> None:
        """Close, in a new worker, what only the nursery needs."""
        self._listener.close()
        for ward in set(self._wards.values()):
            os.close(ward.pidfd)
            ward.client.close()


def _preload(order: gate.Order, reports: int) -> None:
    """Import what the order says; end the process if that can't be shared."""
    # Modules stay for good, so looking for garbage among them is lost time.
    gc.disable()
    offenders = gate.preload(order)
    gc.enable()
    if gate.count_threads() > 1:
        offenders.setdefault("the interpreter", "starts a thread")
    if offenders:
        _report(reports, offenders=offenders)
        os._exit(0)


def _listen(directory: str) -> socket.socket:
    """Open the socket by its bare name: a path may be longer than the 107 bytes that fit."""
    listener = socket.socket(socket.AF_UNIX)
    before = Path.cwd()
    os.chdir(directory)
    listener.bind(SOCKET_NAME)
    os.chdir(before)
    listener.listen()
    return listener


def _receive(client: socket.socket) -> Request:
    """Read what a client sends: the length, with its descriptors, and then marshalled values."""
    client.settimeout(CLIENT_TIMEOUT_S)
    space = socket.CMSG_LEN(DESCRIPTORS * HEADER_BYTES)
    header, ancillary, _, _ = client.recvmsg(HEADER_BYTES, space)
    descriptors = [
        int.from_bytes(data[at : at + HEADER_BYTES], sys.byteorder, signed=True)
        for _, _, data in ancillary
        for at in range(0, len(data), HEADER_BYTES)
    ]
    try:
        body = _receive_exactly(client, int.from_bytes(header, sys.byteorder))
        directory, umask, variables, args = marshal.loads(body)  # noqa: S302  from the same user
        if len(descriptors) != DESCRIPTORS:
            raise ValueError("a client without descriptors")
    except BaseException:
        _close_all(descriptors)
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


def _close_all(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _report(reports: int, **facts: object) -> None:
    """Tell the controller, if it is still there."""
    with contextlib.suppress(OSError):
        os.write(reports, json.dumps(facts).encode() + b"\n")


def _read_gateway_source() -> str:
    """Return the source of execnet's gateway, which execnet sends to every `python=` it starts."""
    module = sys.modules.get("execnet.gateway_base")
    if module is None or module.__file__ is None:
        return ""
    return Path(module.__file__).read_text(encoding="utf-8")


def _clean_up() -> None:
    """Remove from a new worker what it has from the nursery and a cold one has not."""
    for name in ("infra_nursery", "infra_nursery.gate", "infra_nursery.nursery"):
        sys.modules.pop(name, None)
    main_module = vars(sys.modules["__main__"])
    for name in main_module.keys() - MAIN_NAMES:
        del main_module[name]
    # Files may have come since; and what was looked for in vain is looked for again.
    importlib.invalidate_caches()
    _draw_anew()


def _draw_anew() -> None:
    """Give a new worker random numbers of its own; `random` itself does so after a fork."""
    if processes := sys.modules.get("multiprocessing.process"):
        processes.current_process().authkey = os.urandom(32)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()


def _read_first_line(gateway_source: str) -> str:
    """Read what execnet sends to an interpreter, and return it for `exec`.

    That is, for `python=`, the whole of its gateway's source and some lines.  It is imported
    already, so the lines are enough; they find the names as in a worker that was started plainly.
    """
    source = str(eval(sys.stdin.readline()))  # noqa: S307  as BOOTSTRAP_ARGS does
    if not gateway_source or not source.startswith(gateway_source):
        return source
    names = "from execnet.gateway_base import serve, init_popen_io, get_execmodel\n"
    return names + source.removeprefix(gateway_source)
