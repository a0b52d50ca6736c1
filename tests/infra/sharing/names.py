"""Names that nobody else has: for guests, databases, queues, and a loopback address to listen on.

A name is made of the run, the worker and a count, so nothing has to be asked or kept.
"""

import itertools
import os
import re
import socket
import threading
import zlib
from pathlib import Path
from typing import Final

from ..identity import MASTER
from .errors import NameUnusableError

LABEL_LENGTH: Final = 63
"""The longest label of a host's name: RFC 1035, 2.3.4; Proxmox VE asks for such names."""

DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"

FIRST_NETWORK: Final = 64
"""Second number of the addresses: far from 127.0.0.1 and from Debian's 127.0.1.1."""

PID_BITS: Final = 22
"""Linux has no larger PIDs: PID_MAX_LIMIT in include/linux/threads.h."""


class NameSource:
    """Makes the names of one worker: `vm-1x7f9ka-3-b` is the 11th one of gw3 in its run."""

    def __init__(self, run_path: Path, worker_id: str) -> None:
        # The run's directory is named after PID and chance, and the host tells machines apart.
        token = zlib.crc32(f"{socket.gethostname()}:{run_path.name}".encode())
        self._middle = f"{write_base36(token)}-{_shorten(worker_id)}"
        self._counts = itertools.count(1)
        self._home_pid = os.getpid()
        self._lock = threading.Lock()

    def make_name(self, prefix: str) -> str:
        """Make a name that nothing else has: a valid host name, as a guest of Proxmox needs it.

        :raises NameUnusableError: with this prefix it would be none.
        """
        check_prefix(prefix)
        with self._lock:
            count = next(self._counts)
        # A fork counts on from where it began, as others do.
        fork = "" if os.getpid() == self._home_pid else f"f{write_base36(os.getpid())}-"
        name = f"{prefix}-{self._middle}-{fork}{write_base36(count)}"
        if len(name) > LABEL_LENGTH:
            raise NameUnusableError(prefix, f"makes a name of {len(name)} characters, over 63")
        return name


def check_prefix(prefix: str) -> None:
    """Refuse what can't be the begin of a host's name: RFC 1123, 2.1.

    :raises NameUnusableError: it can't.
    """
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", prefix, re.ASCII):
        raise NameUnusableError(prefix, "makes no host name")


def write_base36(number: int) -> str:
    """Write a number with digits and small letters."""
    text = ""
    while number or not text:
        number, digit = divmod(number, len(DIGITS))
        text = DIGITS[digit] + text
    return text


def find_address(pid: int) -> str:
    """Return the loopback address that belongs to a process, or localhost where there is but one.

    All of 127.0.0.0/8 is the loopback on Linux, which is enough for one for each possible PID.
    """
    address = build_address(pid)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return "localhost"
    return address


def build_address(pid: int) -> str:
    """Build the loopback address of a PID; two living processes never have the same."""
    number = pid % (1 << PID_BITS)
    return f"127.{FIRST_NETWORK + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def _shorten(worker_id: str) -> str:
    """Return what tells workers apart: the number of `gw3`, the first letter of `master`."""
    if worker_id == MASTER:
        return worker_id[0]
    return re.sub(r"[^a-z0-9]", "", worker_id.lower().removeprefix("gw")) or "w"
