"""Which of the tests known from past runs a command line would run; nothing is collected.

It answers before pytest looks at any file, so new tests escape it; arguments that no known test
belongs to are told.  Expressions are read in `expressions`.
"""

import fnmatch
import functools
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import pytest

from .estimates import strip_repeat
from .expressions import Expression, parse_expression

Known = Mapping[str, tuple[str, ...] | None]
"""Node ids and the names of their markers; None where these are not known."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What a command line says about the tests to run."""

    args: tuple[str, ...]
    """Paths and node ids, relative to `invocation_dir`; pytest has put testpaths here if none."""
    invocation_dir: Path
    rootdir: Path
    keyword: str = ""
    """`-k`."""
    markers: str = ""
    """`-m`."""
    is_failed_only: bool = False
    """`--lf`; `--ff` changes only the order."""
    is_empty_without_failures: bool = False
    """`--lfnf=none`."""
    deselect: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    ignore_globs: tuple[str, ...] = ()
    count: int = 1


@dataclass(frozen=True, slots=True)
class Selection:
    """The known tests that a command line would run."""

    nodeids: tuple[str, ...]
    """Each as often as `--count` repeats it."""
    unknown_args: tuple[str, ...]
    """Arguments that no known test belongs to: new files, new tests, other directories."""


def read_command_line(config: pytest.Config) -> CommandLine:
    """Read what pytest has parsed; usable before `pytest_configure`."""
    return CommandLine(
        args=tuple(config.args),
        invocation_dir=config.invocation_params.dir,
        rootdir=config.rootpath,
        keyword=config.getoption("keyword", ""),
        markers=config.getoption("markexpr", ""),
        is_failed_only=config.getoption("lf", default=False),
        is_empty_without_failures=config.getoption("last_failed_no_failures", "all") == "none",
        deselect=tuple(config.getoption("deselect", None) or ()),
        ignore=tuple(config.getoption("ignore", None) or ()),
        ignore_globs=tuple(config.getoption("ignore_glob", None) or ()),
        count=config.getoption("count", 1),
    )


def select(command: CommandLine, known: Known, failed: Collection[str]) -> Selection:
    """Find the known tests that a command line would run; what is unsure counts as run.

    :param failed: the tests that `--lf` is about.
    """
    wanted = {_strip(_normalize(command, arg), command.count): arg for arg in command.args}
    nodeids, hits = _match_args(known, wanted)
    kept = _filter(command, known, nodeids)
    if command.is_failed_only:
        kept = _keep_failed(kept, failed, command)
    return Selection(
        nodeids=tuple(_repeat(kept, command)),
        unknown_args=tuple(arg for name, arg in wanted.items() if name not in hits),
    )


def is_single_test(arg: str) -> bool:
    """Tell whether an argument names one test function: no file, and no class by its capital."""
    _, separator, rest = arg.partition("::")
    name = rest.partition("[")[0].rpartition("::")[2]
    return bool(separator) and not name[:1].isupper()


def _normalize(command: CommandLine, arg: str) -> str:
    """Return what the node ids begin with that an argument asks for."""
    head, bracket, parameters = arg.partition("[")
    path, separator, names = head.partition("::")
    if not separator:
        return _relate(command, arg)
    return _relate(command, path) + separator + names + bracket + parameters


def _strip(name: str, count: int) -> str:
    """Return the test whose past is that of one repeat."""
    return strip_repeat(name, count) if count > 1 else name


def _repeat(nodeids: Iterable[str], command: CommandLine) -> Iterator[str]:
    """Repeat all tests, but those whose single repeats were asked for only as often as that."""
    names = [_normalize(command, arg) for arg in command.args]
    asked = Counter(_strip(name, command.count) for name in names)
    single = {stripped for name in names if (stripped := _strip(name, command.count)) != name}
    for nodeid in nodeids:
        yield from repeat(nodeid, asked[nodeid] if nodeid in single else command.count)


def _relate(command: CommandLine, path: str) -> str:
    """Return a path as node ids begin: relative to the rootdir, with slashes."""
    whole = os.path.normpath(command.invocation_dir / path)
    try:
        return Path(os.path.relpath(whole, command.rootdir)).as_posix()
    except ValueError:  # on another drive
        return Path(whole).as_posix()


def _match_args(known: Iterable[str], wanted: Collection[str]) -> tuple[list[str], set[str]]:
    """Return the tests below what is wanted, and what of it was found."""
    files: dict[str, set[str]] = {}
    hits: set[str] = set()
    nodeids = []
    has_names = any("::" in name for name in wanted)
    for nodeid in known:
        file, _, names = nodeid.partition("::")
        found = files.get(file)
        if found is None:
            found = files[file] = {path for path in list_parents(file) if path in wanted}
            hits |= found
        if has_names:
            found = found.union(name for name in list_names(file, names) if name in wanted)
            hits |= found
        if found:
            nodeids.append(nodeid)
    return nodeids, hits


def _filter(command: CommandLine, known: Known, nodeids: list[str]) -> list[str]:
    """Take out what an option takes out; each is asked only where it is given."""
    if command.ignore or command.ignore_globs:
        is_there = _build_path_filter(command)
        nodeids = [nodeid for nodeid in nodeids if is_there(nodeid)]
    if command.deselect:
        nodeids = [nodeid for nodeid in nodeids if not nodeid.startswith(command.deselect)]
    if (keyword := parse_expression(command.keyword)) is not None:
        nodeids = [name for name in nodeids if _may_match_keyword(keyword, name, known[name])]
    if (markers := parse_expression(command.markers)) is not None:
        nodeids = [name for name in nodeids if _may_match_marker(markers, known[name])]
    return nodeids


def list_parents(file: str) -> list[str]:
    """Return a file, its directories, and the dot for all."""
    parts = file.split("/")
    return [".", *("/".join(parts[:end]) for end in range(1, len(parts) + 1))]


def list_names(file: str, names: str) -> list[str]:
    """Return the classes, the function and the test that a node id lies in."""
    head, bracket, _ = names.partition("[")
    parts = head.split("::")
    found = [f"{file}::{'::'.join(parts[:end])}" for end in range(1, len(parts) + 1)]
    return [*found, f"{file}::{names}"] if bracket else found


def _build_path_filter(command: CommandLine) -> Callable[[str], bool]:
    """Build the question whether `--ignore` and `--ignore-glob` leave a test's file in."""
    ignored = {_relate(command, path) for path in command.ignore}
    globs = [str(command.invocation_dir / glob) for glob in command.ignore_globs]
    args = {_relate(command, arg.partition("::")[0]) for arg in command.args}

    @functools.cache
    def is_file_there(file: str) -> bool:
        passed = [path for path in list_parents(file) if not _is_above_any(path, args)]
        paths = [str(command.rootdir / path) for path in passed]
        hits = (fnmatch.fnmatch(path, glob) for path in paths for glob in globs)
        return not any(path in ignored for path in passed) and not any(hits)

    return lambda nodeid: is_file_there(nodeid.partition("::")[0])


def _is_above_any(path: str, args: Iterable[str]) -> bool:
    """Tell whether a path is an argument or lies above one: pytest never ignores those."""
    return any(path in list_parents(arg) for arg in args)


def _may_match_keyword(expression: Expression, nodeid: str, names: tuple[str, ...] | None) -> bool:
    """Tell whether `-k` may match: substrings of directories, file, classes, test and markers."""
    path, _, rest = nodeid.partition("::")
    head, bracket, parameters = rest.partition("[")
    parts = [path.replace("/", "\n"), head.replace("::", "\n") + bracket + parameters]
    text = "\n".join((*parts, *(names or ()))).lower()

    def has_word(word: str) -> bool | None:
        return word.lower() in text or (False if names is not None else None)

    return expression(has_word) is not False


def _may_match_marker(expression: Expression, names: tuple[str, ...] | None) -> bool:
    return names is None or expression(names.__contains__) is not False


def _keep_failed(
    nodeids: Sequence[str], failed: Collection[str], command: CommandLine
) -> list[str]:
    """Keep what `--lf` keeps: without a failure among them, all, as pytest does."""
    if not failed:
        return [] if command.is_empty_without_failures else list(nodeids)
    kept = [nodeid for nodeid in nodeids if nodeid in failed]
    return kept or list(nodeids)
