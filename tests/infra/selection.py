"""Which of the tests known from past runs a command line would run; nothing is collected.

It answers before pytest looks at any file, so new tests escape it; arguments that no known test
belongs to are told.  Expressions are read in `expressions`.
"""

import fnmatch
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    wanted = _normalize_args(command)
    nodeids, hits = _match_args(known, wanted)
    keep = [_build_path_filter(command), _build_name_filter(command, known)]
    kept = [nodeid for nodeid in nodeids if all(is_kept(nodeid) for is_kept in keep)]
    if command.is_failed_only:
        kept = _keep_failed(kept, failed, command)
    return Selection(
        nodeids=tuple(kept) * command.count,
        unknown_args=tuple(arg for name, arg in wanted.items() if name not in hits),
    )


def is_single_test(arg: str) -> bool:
    """Tell whether an argument names one test function: no file, and no class by its capital."""
    _, separator, rest = arg.partition("::")
    name = rest.partition("[")[0].rpartition("::")[2]
    return bool(separator) and not name[:1].isupper()


def _normalize_args(command: CommandLine) -> dict[str, str]:
    """Map what begins a node id to the argument that asks for it."""
    return {_normalize(command, arg): arg for arg in command.args}


def _normalize(command: CommandLine, arg: str) -> str:
    head, bracket, parameters = arg.partition("[")
    path, separator, names = head.partition("::")
    if bracket and not separator:
        path, bracket, parameters = arg, "", ""
    name = _relate(command, path) + separator + names + bracket + parameters
    # One repeat of a test: its past is the test's.
    return strip_repeat(name, command.count) if command.count > 1 else name


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
    for nodeid in known:
        file, _, names = nodeid.partition("::")
        if file not in files:
            files[file] = {path for path in list_parents(file) if path in wanted}
        found = files[file].union(name for name in list_names(file, names) if name in wanted)
        if found:
            hits |= found
            nodeids.append(nodeid)
    return nodeids, hits


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
    """Build the question whether neither `--deselect` nor `--ignore` takes a test out."""
    ignored = {_relate(command, path) for path in command.ignore}
    globs = [str(command.invocation_dir / glob) for glob in command.ignore_globs]
    # pytest looks at everything that it comes past on its way from an argument down to the file.
    args = {_relate(command, arg.partition("::")[0]) for arg in command.args}
    answers: dict[str, bool] = {}

    def is_ignored(file: str) -> bool:
        passed = [path for path in list_parents(file) if not _is_above_any(path, args)]
        return any(path in ignored for path in passed) or any(
            fnmatch.fnmatch(str(command.rootdir / path), glob) for path in passed for glob in globs
        )

    def is_kept(nodeid: str) -> bool:
        file = nodeid.partition("::")[0]
        if file not in answers:
            answers[file] = not is_ignored(file)
        return answers[file] and not nodeid.startswith(command.deselect)

    return is_kept


def _is_above_any(path: str, args: Iterable[str]) -> bool:
    """Tell whether a path is an argument or lies above one: pytest never ignores those."""
    return any(path in list_parents(arg) for arg in args)


def _build_name_filter(command: CommandLine, known: Known) -> Callable[[str], bool]:
    """Build the question whether neither `-k` nor `-m` takes a test out."""
    keyword = parse_expression(command.keyword)
    markers = parse_expression(command.markers)

    def is_kept(nodeid: str) -> bool:
        names = known[nodeid]
        return _may_match_keyword(keyword, nodeid, names) and _may_match_marker(markers, names)

    return is_kept


def _may_match_keyword(
    expression: Expression | None, nodeid: str, names: tuple[str, ...] | None
) -> bool:
    """Tell whether `-k` may match: substrings of directories, file, classes, test and markers."""
    if expression is None:
        return True
    path, _, rest = nodeid.partition("::")
    head, bracket, parameters = rest.partition("[")
    parts = [path.replace("/", "\n"), head.replace("::", "\n") + bracket + parameters]
    text = "\n".join((*parts, *(names or ()))).lower()

    def has_word(word: str) -> bool | None:
        return word.lower() in text or (False if names is not None else None)

    return expression(has_word) is not False


def _may_match_marker(expression: Expression | None, names: tuple[str, ...] | None) -> bool:
    if expression is None or names is None:
        return True
    return expression(names.__contains__) is not False


def _keep_failed(
    nodeids: Sequence[str], failed: Collection[str], command: CommandLine
) -> list[str]:
    """Keep what `--lf` keeps: without a failure among them, all, as pytest does."""
    if not failed:
        return [] if command.is_empty_without_failures else list(nodeids)
    kept = [nodeid for nodeid in nodeids if nodeid in failed]
    return kept or list(nodeids)
