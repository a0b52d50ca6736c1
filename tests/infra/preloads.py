"""What a nursery imports: learned from a worker at its end, kept in a file between runs.

Only the controller writes the file.  Importing is left to `gate`, in a process of its own.
"""

import contextlib
import importlib.util
import json
import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.machinery import (
    ExtensionFileLoader,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from types import ModuleType

# Any: JSON of any shape.
from typing import Any, Final, Self

from .errors import RecordError

FORMAT_VERSION: Final = 1

RELEARN_S: Final = 7 * 24 * 3600.0
"""After this time a run starts cold, so that modules which nothing needs any more are dropped."""

PACKAGE_DIRECTORIES: Final = ("site-packages", "dist-packages")
"""How Python, and Debian, call the directory of installed packages."""

PLAIN_LOADERS: Final = (SourceFileLoader, SourcelessFileLoader, ExtensionFileLoader)

PATCHERS: Final = ("gevent", "eventlet")
"""They replace parts of the standard library, which must not be imported before that."""


@dataclass(frozen=True, slots=True)
class Imports:
    """What a worker had imported at its end."""

    modules: tuple[str, ...]
    """Those of the standard library and of installed packages, in the order of their imports."""
    rewritten: tuple[str, ...]
    """Those of them whose assertions pytest rewrote."""
    odd: tuple[str, ...]
    """Those that somebody's own loader loaded, which a nursery does not have."""
    search_path: tuple[str, ...]

    def to_json(self) -> str:
        """Write the record with its format version."""
        return json.dumps({"version": FORMAT_VERSION, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        :raises RecordError: it is something else.
        """
        return cls(**_freeze(_read_object(text)))


@dataclass(frozen=True, slots=True)
class Preload:
    """What is kept between runs."""

    imports: Imports
    excluded: Mapping[str, str]
    """Modules that forked workers can't share, and why."""
    interpreter: str
    """Which Python and which packages this is about, as `describe_interpreter` says it."""
    mode: str
    """How pytest was set up, as far as it decides what is rewritten."""
    learned: float
    """When a cold run told `imports`; seconds since the epoch."""

    def to_json(self) -> str:
        """Write the record with its format version."""
        return json.dumps({"version": FORMAT_VERSION, **asdict(self)}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        :raises RecordError: it is something else.
        """
        found = _read_object(text)
        try:
            return cls(**{**found, "imports": Imports(**_freeze(found["imports"]))})
        except (KeyError, TypeError, AttributeError) as error:
            raise RecordError("list of imports", repr(error)) from error

    def find_obstacle(self, interpreter: str, mode: str, now: float) -> str:
        """Return why a run can't go by this, or an empty string."""
        if self.interpreter != interpreter:
            return "Python or its packages have changed"
        if self.mode != mode:
            return "the last run had other plugins or another ini file"
        if not 0 <= now - self.learned < RELEARN_S:
            return "what is imported was learned a week ago"
        if patchers := set(PATCHERS).intersection(self.imports.modules):
            return f"{min(patchers)} patches the standard library"
        return ""


def read_preload(path: Path) -> Preload | None:
    """Read the file; None if there is none that can be read, which is what a first run has."""
    try:
        return Preload.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RecordError):
        return None


def write_preload(path: Path, preload: Preload) -> None:
    """Write the file whole, so that a run beside this one reads the old or the new one."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(preload.to_json(), encoding="utf-8")
    beside.replace(path)


def list_imports(
    modules: Mapping[str, ModuleType], search_path: Iterable[str], roots: Iterable[str]
) -> Imports:
    """List what a process has imported from these directories, and how."""
    found = list(_find_installed(modules, roots))
    return Imports(
        modules=tuple(name for name, _ in found),
        rewritten=tuple(name for name, loader in found if _is_rewriting(loader)),
        odd=tuple(
            name
            for name, loader in found
            if not isinstance(loader, PLAIN_LOADERS) and not _is_rewriting(loader)
        ),
        search_path=tuple(search_path),
    )


def get_roots() -> tuple[str, ...]:
    """Return the directories of the standard library and of installed packages."""
    paths = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    users = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    # One environment may lie over another, as that of `uv run --with` does; it names only itself.
    others = [path for path in sys.path if Path(path).name in PACKAGE_DIRECTORIES]
    return tuple(dict.fromkeys([*paths, *site.getsitepackages(), *users, *others]))


def find_packages(names: Iterable[str]) -> tuple[str, ...]:
    """Return the directories of packages of the project; of one that isn't there, none."""
    found: list[str] = []
    for name in names:
        # What raises is not importable now; its tests will tell why.
        with contextlib.suppress(ImportError, ValueError):
            spec = importlib.util.find_spec(name)
            found += list(spec.submodule_search_locations or ()) if spec else []
    return tuple(found)


def describe_interpreter(roots: Iterable[str]) -> str:
    """Name this Python and the state of its packages: installing one changes a directory's time."""
    directories = [Path(root) for root in roots]
    times = [str(path.stat().st_mtime_ns) for path in directories if path.is_dir()]
    return " ".join((sys.executable, sys.version, *times))


# Object: a loader is whatever a finder gives.
def _find_installed(
    modules: Mapping[str, ModuleType], roots: Iterable[str]
) -> Iterator[tuple[str, object]]:
    """Find modules that can be imported by their names, and whose files lie in these directories.

    Also when links are followed: a package that is linked there is the project's own.
    """
    named = tuple(f"{root}{os.sep}" for root in roots)
    real = tuple(f"{os.path.realpath(root)}{os.sep}" for root in named)
    known: dict[str, bool] = {}
    for name, module in list(modules.items()):
        # Not by `getattr`, which makes lazy modules load.
        spec = getattr(module, "__dict__", {}).get("__spec__")
        if not isinstance(spec, ModuleSpec) or spec.name != name or not spec.has_location:
            continue
        directory = str(spec.origin).rpartition(os.sep)[0]
        if directory not in known:
            is_there = f"{os.path.realpath(directory)}{os.sep}".startswith(real)
            known[directory] = is_there and f"{directory}{os.sep}".startswith(named)
        if known[directory]:
            yield name, spec.loader


def _is_rewriting(loader: object) -> bool:
    """Tell whether it is pytest's hook, whose class pytest does not export."""
    return type(loader).__name__ == "AssertionRewritingHook"


# Any: JSON of any shape.
def _read_object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise RecordError("list of imports", f"no JSON ({error})") from error
    if not isinstance(found, dict) or found.pop("version", None) != FORMAT_VERSION:
        raise RecordError("list of imports", f"no object of version {FORMAT_VERSION}")
    return found


def _freeze(found: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(names) for name, names in found.items()}
