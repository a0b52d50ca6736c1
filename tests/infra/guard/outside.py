"""Resources outside of Python: the C library's variables, files left behind, ports, limits.

They cost from 20 µs to some milliseconds each, so they are compared on demand only.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from .descriptors import list_descriptors
from .process import PYTEST_OWN
from .resource import ABSENT, Change, Plain, Resource, Scene, is_secret, render

MOST_FILES: Final = 20_000
"""Entries of a tree that are looked at; larger trees are not watched beyond that."""

IGNORED: Final = frozenset(
    {".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox", ".eggs"}
    | {".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".cache", ".coverage"}
)
"""Directories and files that tools write as they please."""

IGNORED_PREFIXES: Final = (".coverage.", ".nfs")


class CVariables(Plain):
    """Environment variables as the C library has them, where they differ from Python's."""

    name = "putenv"
    tier = 2
    remedy = "set it through os.environ and monkeypatch.setenv, which Python knows of"

    def read(self) -> object:
        """Read the C library's table, and leave out what Python knows as well."""
        known = os.environb if hasattr(os, "environb") else {}
        return {
            name.decode(errors="replace"): value.decode(errors="replace")
            for name, value in _read_c_variables()
            if known.get(name) != value and name != PYTEST_OWN.encode()
        }

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the name, and the values unless they look like secrets."""
        before, after = (
            "unset" if value is ABSENT else "***" if is_secret(change.key) else render(value)
            for value in (change.before, change.after)
        )
        return f"getenv({change.key!r}) in C", before, after

    def restore(self, change: Change) -> bool:
        """Set it as it was, or as Python has it."""
        if change.before is not ABSENT:
            os.putenv(change.key, str(change.before))
        elif change.key in os.environ:
            os.putenv(change.key, os.environ[change.key])
        else:
            os.unsetenv(change.key)
        return True


class Files(Plain):
    """Files and directories below one that no other process works in."""

    tier = 2

    def __init__(self, name: str, root: Path, remedy: str, *, depth: int = 1) -> None:
        """Watch what lies below `root`, but for what this process writes to all the time."""
        self.name = name
        self.remedy = remedy
        self._root = root
        self._depth = depth
        self._ignored = set(map(str, list_descriptors().values()))

    def ignore(self, path: Path) -> None:
        """Leave a path out, and all below it."""
        self._ignored.add(os.fspath(path))

    def read(self) -> object:
        """Return each entry's time and size."""
        return dict(self._walk(self._root, self._depth))

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether only the time of a directory changed: its entries are told themselves."""
        return isinstance(change.before, str) and change.before == change.after

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the path, and whether it came, went or changed."""
        before = "not there" if change.before is ABSENT else "there"
        after = "removed" if change.after is ABSENT else "changed"
        return change.key, before, "left behind" if change.before is ABSENT else after

    def _walk(self, top: Path, depth: int) -> Iterator[tuple[str, object]]:
        left = MOST_FILES
        waiting = [(os.fspath(top), depth)]
        while waiting and left:
            directory, levels = waiting.pop()
            with contextlib.suppress(OSError), os.scandir(directory) as entries:
                for entry in entries:
                    if self._is_ignored(entry):
                        continue
                    left -= 1
                    is_directory = entry.is_dir(follow_symlinks=False)
                    if is_directory and levels > 1:
                        waiting.append((entry.path, levels - 1))
                    status = entry.stat(follow_symlinks=False)
                    mark = "a directory" if is_directory else (status.st_mtime_ns, status.st_size)
                    yield entry.path, mark

    def _is_ignored(self, entry: "os.DirEntry[str]") -> bool:
        if entry.name in IGNORED or entry.name.startswith(IGNORED_PREFIXES):
            return True
        return entry.path in self._ignored


class Ports(Plain):
    """Ports on which this process listens."""

    name = "ports"
    tier = 2
    remedy = "close the server in a fixture after yield, or with contextlib.closing"

    def read(self) -> object:
        """Return the addresses of listening sockets, by the system's table of sockets."""
        inodes = {
            str(target)[len("socket:[") : -1]
            for target in _list_links()
            if str(target).startswith("socket:[")
        }
        return {address: inode for address, inode in _read_listening() if inode in inodes}

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether a port was closed."""
        return change.after is ABSENT

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the address."""
        return f"port {change.key}", "free", "this process listens"


class Limits(Plain):
    """Resource limits of the process, and settings of numpy where somebody has imported it."""

    name = "sys.limits"
    tier = 2
    remedy = "put it back in a finally, or in a fixture after yield"

    def read(self) -> object:
        """Return them under the names of their functions."""
        found: dict[str, object] = {}
        resource: Any = sys.modules.get("resource")  # Any: no import for the sake of looking.
        if resource is not None:
            for name in ("RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_AS", "RLIMIT_CPU"):
                found[f"resource.{name}"] = resource.getrlimit(getattr(resource, name))
        numpy: Any = sys.modules.get("numpy")  # Any: a library that may not be there.
        if hasattr(numpy, "get_printoptions"):
            options = dict(numpy.get_printoptions())
            found["numpy.set_printoptions"] = {key: repr(value) for key, value in options.items()}
            found["numpy.seterr"] = dict(numpy.geterr())
        return found

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether the library was imported just now."""
        return change.before is ABSENT

    def restore(self, change: Change) -> bool:
        """Set numpy's error state; the others stay."""
        if change.key == "numpy.seterr" and isinstance(change.before, dict):
            sys.modules["numpy"].seterr(**change.before)
            return True
        return False


def build_outside(
    root: Path,
    *,
    is_alone: bool,
    temp: Path | None,
    basetemp: Path | None = None,
    infra_dir: Path | None = None,
) -> list[Resource]:
    """Build the resources of this module.

    :param root: pytest's root directory.
    :param is_alone: whether no other worker runs: others' files would be laid to our tests.
    :param temp: a temp directory that this process has for itself.
    :param basetemp: where pytest makes `tmp_path`, if that lies at a place of the user's.
    :param infra_dir: where the infrastructure keeps what all runs of the machine share.
    """
    found: list[Resource] = [CVariables(), Ports(), Limits()]
    if temp is not None:
        found.append(Files("temp-files", temp, "use tmp_path, or remove it in a finally"))
    if is_alone:
        remedy = "write below tmp_path, or remove it in a fixture after yield"
        tree = Files("tree", root, remedy, depth=20)
        for path in (basetemp, infra_dir):
            if path is not None:
                tree.ignore(path)
        found.append(tree)
        with contextlib.suppress(RuntimeError):  # No home.
            home = Path.home()
            if not home.is_relative_to(root):
                found.append(Files("home", home, "set HOME to tmp_path with monkeypatch.setenv"))
    return found


def _read_c_variables() -> Iterator[tuple[bytes, bytes]]:
    import ctypes  # noqa: PLC0415  only those who ask for the second tier pay for it

    try:
        table = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
    except (ValueError, TypeError, OSError):  # Windows keeps it elsewhere.
        return
    index = 0
    while (entry := table[index]) is not None:
        name, _, value = entry.partition(b"=")
        yield name, value
        index += 1


def _list_links() -> Iterator[str]:
    for number in list_descriptors():
        with contextlib.suppress(OSError):
            yield os.readlink(f"/proc/self/fd/{number}")  # noqa: PTH115  text is wanted


def _read_listening() -> Iterator[tuple[str, str]]:
    """Yield address and inode of each listening TCP socket (proc(5), /proc/net/tcp)."""
    for name in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/net/{name}").read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A":
                yield f"{int(fields[1].rpartition(':')[2], 16)}/{name}", fields[9]
