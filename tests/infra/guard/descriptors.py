"""The resource of open files and sockets, and what each descriptor is open on."""

import contextlib
import errno
import gc
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .resource import ABSENT, Change, Plain, Scene

PROC: Final = Path("/proc/self")

KEPT: Final = ("urandom", "/pym-")
"""Parts of names of what the standard library opens once and keeps: `multiprocessing` shares memory
through files called pym-PID."""


class Descriptors(Plain):
    """Open files and sockets: how many there are tells whether it is worth while to list them."""

    name = "fds"
    remedy = "close it: with open(...), contextlib.closing(...), or a fixture after yield"

    def __init__(self) -> None:
        # From Linux 6.2 on, the size of this directory is the number of open descriptors.
        self._directory = os.open(PROC / "fd", os.O_RDONLY) if (PROC / "fd").is_dir() else -1
        self._anchor = os.open(os.devnull, os.O_RDONLY)
        self._listed = list_descriptors()
        self._last = self._read_tripwire()

    def close(self) -> None:
        """Close the descriptors by which it looks."""
        for number in (self._directory, self._anchor):
            with contextlib.suppress(OSError):
                os.close(number)

    def read(self) -> object:
        """Return the list of descriptors, made anew only where their number changed."""
        found = self._read_tripwire()
        if found != self._last:
            self._last, self._listed = found, list_descriptors()
        return self._listed

    def settle(self, state: object, expected: Mapping[str, object]) -> object:
        """Let the collector close what nobody refers to any more; wait for a peer's descriptor."""
        assert isinstance(state, dict)
        if state.keys() <= expected.keys():
            return state
        gc.collect()
        self._last = ()
        return self.read()

    def _read_tripwire(self) -> tuple[int, ...]:
        """Return the number of open descriptors, or the two lowest free ones.

        Two, as one alone misses what was opened above another that is closed now.
        """
        try:
            if count := os.fstat(self._directory).st_size:
                return (count,)
        except OSError:  # There is none, or a test has closed it.
            pass
        try:
            first = os.dup(self._anchor)
        except OSError:  # A test has closed it, or all numbers are in use.
            return ()
        try:
            second = os.dup(self._anchor)
        except OSError:
            os.close(first)
            return (first,)
        os.close(second)
        os.close(first)
        return (first, second)

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether a descriptor was closed or serves somebody else now, or the interpreter."""
        return change.before is not ABSENT or any(one in str(change.after) for one in KEPT)

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the number and what it is open on."""
        return f"descriptor {change.key}", "closed", f"open on {change.after}"


def list_descriptors() -> dict[str, object]:
    """List the open descriptors: what each is open on, by its number."""
    found: dict[str, object] = {}
    directory = PROC / "fd" if (PROC / "fd").is_dir() else Path("/dev/fd")
    try:
        numbers = sorted(map(int, os.listdir(directory)))  # noqa: PTH208  names only
    except OSError:
        return found
    for number in numbers:
        with contextlib.suppress(OSError):
            found[str(number)] = _find_target(directory, number)
    return found


def _find_target(directory: Path, number: int) -> str:
    mode = os.fstat(number).st_mode
    if stat.S_ISSOCK(mode):
        return _describe_socket(number)
    try:
        return os.readlink(directory / str(number))  # noqa: PTH115  text is wanted
    except OSError as error:
        if error.errno == errno.EINVAL:  # macOS: its entries are no links.
            return "a pipe" if stat.S_ISFIFO(mode) else "a file"
        raise


def _describe_socket(number: int) -> str:
    # In use already, wherever a socket is open.
    sockets: Any = sys.modules.get("socket")  # Any: no import for the sake of looking.
    if sockets is None:
        return f"a socket {number}"
    with contextlib.suppress(OSError), sockets.socket(fileno=os.dup(number)) as one:
        name = one.getsockname()
        try:
            peer = f" to {_render_address(one.getpeername())}"
        except OSError:
            peer = ""
        return f"a socket at {_render_address(name)}{peer}"
    return f"a socket {number}"


def _render_address(address: object) -> str:
    if isinstance(address, tuple) and len(address) > 1:
        return f"{address[0]}:{address[1]}"
    return os.fsdecode(address) if isinstance(address, (bytes, str)) and address else "no address"
