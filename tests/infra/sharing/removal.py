"""Removes what outlives the process that made it: files, directories, processes, kinds of plugins.

A remover gets a name and facts, and raises where it can't; what is gone already is no error.
"""

import contextlib
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from ..environment import remove_tree
from .deadlines import wait_until
from .errors import TrackingError
from .journal import Entry
from .places import Json

Remover: TypeAlias = Callable[[str, Mapping[str, Json]], None]

FILE: Final = "file"
DIRECTORY: Final = "directory"
PROCESS: Final = "process"

REMOVERS: Final = pytest.StashKey[dict[str, str]]()
"""Kind to the import path of its remover, such as `package.module:function`."""

TERM_S: Final = 2.0
"""How long a process may take to end by itself before it is killed."""

KILL_S: Final = 5.0

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


def register_remover(config: pytest.Config, kind: str, where: str) -> None:
    """Tell how things of a kind are removed; call it in `pytest_configure`.

    :param where: import path of a function of a name and a mapping of facts, such as
        `package.module:function`; a later run calls it for what a killed one left.
    :raises TrackingError: the kind is taken, or `where` is no such path.
    """
    removers = config.stash.setdefault(REMOVERS, {})
    if kind in (FILE, DIRECTORY, PROCESS) or removers.get(kind, where) != where:
        raise TrackingError("kind", kind, "it has a remover already", "choose another name")
    load_remover(kind, where, root="")
    removers[kind] = where


def find_remover(config: pytest.Config, kind: str) -> str:
    """Return the import path of a kind's remover.

    :raises TrackingError: nobody registered one.
    """
    removers = config.stash.get(REMOVERS, {})
    if kind not in removers:
        raise TrackingError(
            "kind",
            kind,
            f"no remover is registered for it, only for {', '.join(sorted(removers)) or 'none'}",
            'call register_remover(config, kind, "package.module:function") in pytest_configure',
        )
    return removers[kind]


def load_remover(kind: str, where: str, root: str) -> Remover:
    """Import a remover; `root` is where its package was found when it was registered.

    :raises TrackingError: there is none.
    """
    module, _, name = where.partition(":")
    before = list(sys.path)
    if root and root not in sys.path:
        sys.path.append(root)
    try:
        remover: object = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise TrackingError(
            "kind", kind, f"{where} can't be imported ({error})", "give package.module:function"
        ) from error
    finally:
        sys.path[:] = before
    if not callable(remover):
        raise TrackingError("kind", kind, f"{where} is no function", "name one")

    def remove(name: str, facts: Mapping[str, Json]) -> None:
        remover(name, facts)

    return remove


def find_root(where: str) -> str:
    """Return the directory from which the module of an import path was found."""
    name = where.partition(":")[0]
    file = getattr(importlib.import_module(name), "__file__", None)
    return str(Path(file).parents[name.count(".")]) if file else ""


def remove_entry(entry: Entry) -> None:
    """Remove what an entry of a journal names, whoever made it.

    :raises Exception: it can't be removed.
    """
    if entry.kind == FILE:
        remove_file(Path(entry.name))
    elif entry.kind == DIRECTORY:
        remove_directory(Path(entry.name))
    elif entry.kind == PROCESS:
        end_process(int(entry.name), str(entry.facts["started"]))
    else:
        load_remover(entry.kind, entry.remover, entry.root)(entry.name, entry.facts)


def remove_file(path: Path) -> None:
    """Remove a file, or a link and not what it points to."""
    path.unlink(missing_ok=True)


def remove_directory(path: Path) -> None:
    """Remove a directory with all that is in it, or a link and not what it points to."""
    if path.is_symlink():
        path.unlink()
    else:
        remove_tree(path)


def refuse_wide_directory(path: Path, kept: Path) -> None:
    """Refuse a directory that holds more than what a test made.

    :param kept: the root directory of the tests.
    :raises TrackingError: it is above, or is, the root directory, the current one or the home.
    """
    for other in (kept, Path.cwd(), Path.home()):
        if other.resolve().is_relative_to(path.resolve()):
            raise TrackingError(
                "directory",
                str(path),
                f"{other} is in it",
                "name one that the test makes for itself",
            )


def end_process(pid: int, started: str) -> None:
    """End a process, and its group where it leads one, unless the PID is another's by now.

    :raises TimeoutError: it lives on.
    """
    end_with_signals(pid, lambda: not is_same_process(pid, started))


def end_with_signals(pid: int, is_over: Callable[[], bool]) -> None:
    """Ask a process to end, then kill it; what is left of a group that it leads is killed, too.

    :raises TimeoutError: it lives on.
    """
    if is_over():
        return
    is_leader = hasattr(os, "getpgid") and os.getpgid(pid) == pid
    for number, patience_s in ((signal.SIGTERM, TERM_S), (_get_kill_signal(), KILL_S)):
        send_signal(pid, number, is_leader=is_leader)
        if wait_until(is_over, patience_s):
            if is_leader:
                send_signal(pid, _get_kill_signal(), is_leader=True)
            return
    problem = f"process {pid} lives on after SIGKILL"
    raise TimeoutError(problem)


def send_signal(pid: int, number: signal.Signals, *, is_leader: bool) -> None:
    """Send a signal to a process, or to all of the group that it leads, where they are there."""
    # A group of which only zombies are left gives PermissionError on macOS.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if is_leader:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


def is_same_process(pid: int, started: str) -> bool:
    """Tell whether the process that began then still runs."""
    return read_start(pid) == started


def read_start(pid: int) -> str:
    """Read what tells a process from a later one of its PID; empty where none of it runs.

    On Linux the boot and the start in clock ticks after it, elsewhere what `ps` says.
    """
    if not Path("/proc/self/stat").exists():
        return _ask_ps(pid)
    try:
        # The command's name, in parentheses, may hold any character.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    if fields[0] in "ZX":
        _reap(pid)
        return ""
    boot = BOOT_ID.read_text(encoding="ascii").strip() if BOOT_ID.exists() else ""
    return f"{boot}:{fields[19]}"


def _ask_ps(pid: int) -> str:
    try:
        found = subprocess.run(  # noqa: S603  a number is all that varies
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607  wherever it is
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
    except OSError:
        return ""
    state, _, started = found.partition(" ")
    return "" if state.startswith("Z") else started.strip()


def _reap(pid: int) -> None:
    """Let the system forget a child that has ended; one of somebody else's is theirs to reap."""
    with contextlib.suppress(OSError):
        os.waitpid(pid, getattr(os, "WNOHANG", 0))


def _get_kill_signal() -> signal.Signals:
    return getattr(signal, "SIGKILL", signal.SIGTERM)
