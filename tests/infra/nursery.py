"""A process that has imported what workers need, and forks one worker for each client.

`warmstart` starts it with `build_bootstrap`; `nursery_client` asks it for workers.  Workers never
import it, so it needs nothing but the standard library, `gate` and `nursery_request` beside it.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from . import gate
from .nursery_request import (
    BOOTSTRAP_ARGS,
    NUMBER_BYTES,
    PACKAGE,
    Request,
    clean_up,
    close_all,
    read_first_line,
    read_gateway_source,
    receive,
)

SOCKET_NAME: Final = "nursery"


@dataclass(frozen=True, slots=True)
class Ward:
    """A living worker and the connection to its client."""

    pid: int
    pidfd: int
    client: socket.socket


def build_bootstrap(order: gate.Order) -> tuple[list[str], bytes]:
    """Build the arguments of a nursery's interpreter and what to write on its standard input."""
    # A package of one's own, because the real one's `__init__` and parents are the project's.
    source = "\n".join(
        (
            "import sys, types",
            f"package = types.ModuleType({PACKAGE!r})",
            f"package.__path__ = [{str(Path(__file__).parent)!r}]",
            f"sys.modules[{PACKAGE!r}] = package",
            f"from {PACKAGE}.nursery import main",
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
        gateway_source = read_gateway_source()
        # Modules live until the end: no worker has to look at them, and so to copy their pages.
        gc.freeze()
        # Told last, because a run has no directory yet when its nursery starts early.
        directory = sys.stdin.readline()
        if not directory:
            os._exit(0)
        request = Nursery(json.loads(directory), variables, reports).serve()
    # Nothing of a nursery may show in a run: its workers start cold then.
    except BaseException as error:  # noqa: BLE001  see above
        _report(reports, problem=f"{type(error).__name__}: {error}")
        os._exit(3)
    # Here, this is a worker.
    os.close(reports)
    request.put_on()
    signal.signal(signal.SIGINT, interrupt)
    clean_up(tuple(order.roots))
    return read_first_line(gateway_source)


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
            # One at a time: what follows may be about a descriptor that is closed by then.
            descriptor, _ = self._poll.poll()[0]
            if ward := self._wards.get(descriptor):
                self._end(ward, descriptor)
            elif descriptor == 0:
                is_closing = True
                self._close()
            elif request := self._admit():
                return request
        os._exit(0)

    def _admit(self) -> Request | None:
        """Fork a worker for the next client; return its request in the worker only."""
        client, _ = self._listener.accept()
        try:
            request = receive(client)
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
        close_all(request.descriptors)
        return None

    def _turn_away(self, client: socket.socket, descriptors: list[int], problem: str) -> None:
        """Let a client start its own interpreter, which it does when it is told nothing."""
        _report(self._reports, problem=problem)
        close_all(descriptors)
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
                ward.client.sendall(status.to_bytes(NUMBER_BYTES, sys.byteorder))
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


def _report(reports: int, **facts: object) -> None:
    """Tell the controller, if it is still there."""
    with contextlib.suppress(OSError):
        os.write(reports, json.dumps(facts).encode() + b"\n")
