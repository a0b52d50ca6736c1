"""Writes to constant paths: fixed absolute ones (PTI403), and the working tree (PTI404)."""

import ast
from collections.abc import Iterator
from enum import Enum
from typing import Final

from .chains import get_argument, get_constant, resolve
from .constants import find_value
from .effects import Called
from .leaks import REPORTED, Context
from .sightings import Sighting

FUNCTIONS: Final = {
    "os.mkdir": 0, "os.makedirs": 0,
    "os.rename": 1, "os.replace": 1, "os.symlink": 1, "os.truncate": 0,
    "shutil.copy": 1, "shutil.copyfile": 1, "shutil.copy2": 1,
    "shutil.copytree": 1, "shutil.move": 1, "sqlite3.connect": 0, "zipfile.ZipFile": 0,
    "tarfile.open": 0, "shelve.open": 0, "logging.FileHandler": 0,
}  # fmt: skip
"""What writes, and where its path stands."""

METHODS: Final = frozenset({
    "write_text", "write_bytes", "mkdir", "touch", "symlink_to",
})  # fmt: skip
MODES: Final = {"zipfile.ZipFile": 1, "tarfile.open": 1}
"""Of these, only some modes write."""

BUILT: Final = (
    "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath",
    "os.path.join", "os.path.dirname", "os.path.abspath", "os.path.realpath",
)  # fmt: skip
BUILDERS: Final = ("resolve", "absolute", "joinpath")
"""Methods of a path that return one built upon it."""

DEEP: Final = 6
NO_FILES: Final = ("/dev/", "/proc/", ":memory:", "file:", "~")
TEMPORARY: Final = ("pytester", "testdir", "fs", "fs_module", "tmp_cwd", "in_tmp", "chdir", "cwd",
                    "isolated", "workdir", "project_dir")  # fmt: skip


ELSEWHERE: Final = (
    "chdir", "cwd", "filesystem", "raises", "tmp", "workingdir", "working_dir", "pushd", "in_temp",
)  # fmt: skip
"""Contexts that move to another directory, or expect a refusal."""


class Root(Enum):
    """Where a constant path leads."""

    ABSOLUTE = "PTI403"
    TREE = "PTI404"


def find_path_writes(context: Context) -> Iterator[Sighting]:
    """Find writes to a path that is the same for each worker."""
    if context.scope.kind not in REPORTED or (
        context.module.is_conftest and not context.scope.name
    ):
        return
    for called in context.calls:
        written = _find_written(called)
        root = find_root(written, context) if written is not None else None
        if root is None or written is None or _is_moved(context):
            continue
        if not _is_shielded(called.spot.place.contexts, context):
            shown = ast.unparse(written)
            what = "a fixed path" if root is Root.ABSOLUTE else "a path in the working tree"
            yield Sighting(root.value, called.call, f"{shown} is {what}, and is written")


def _find_written(called: Called) -> ast.expr | None:
    call, name = called.call, called.name
    if name in ("open", "io.open", "codecs.open"):
        return call.args[0] if call.args and _writes(get_argument(call, 1, "mode")) else None
    if name in FUNCTIONS:
        if name in MODES and not _writes(get_argument(call, MODES[name], "mode")):
            return None
        return call.args[FUNCTIONS[name]] if len(call.args) > FUNCTIONS[name] else None
    if isinstance(call.func, ast.Attribute):
        if call.func.attr in METHODS:
            return call.func.value
        if call.func.attr == "open" and _writes(get_argument(call, 0, "mode")):
            return call.func.value
    return None


def _writes(mode: ast.expr | None) -> bool:
    text = get_constant(mode)
    return isinstance(text, str) and len(text) <= DEEP and any(letter in text for letter in "wax+")


def find_root(node: ast.expr | None, context: Context, depth: int = 0) -> Root | None:
    """Tell where an expression that is constant leads, or None where it is not constant."""
    node = find_value(node, context)
    if node is None or depth > DEEP:
        return None
    constant = get_constant(node)
    if isinstance(constant, str):
        return _find_text_root(constant)
    if isinstance(node, ast.Name):
        return Root.TREE if node.id == "__file__" else None
    if isinstance(node, ast.Call):
        return _find_called_root(node, context, depth)
    return find_root(_get_base(node, context), context, depth + 1)


def _get_base(node: ast.expr, context: Context) -> ast.expr | None:
    """Return what a path is built upon: `here` of `here.parent / "a"`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.Add):
        is_constant = isinstance(get_constant(find_value(node.right, context)), str)
        return node.left if is_constant else None
    if isinstance(node, ast.Attribute) and node.attr == "parent":
        return node.value
    if isinstance(node, ast.Subscript) and getattr(node.value, "attr", "") == "parents":
        value = getattr(node.value, "value", None)
        return value if isinstance(value, ast.expr) else None
    return None


def _find_called_root(call: ast.Call, context: Context, depth: int) -> Root | None:
    name = resolve(call.func, context.names) or ""
    if name == "tempfile.gettempdir":
        return Root.ABSOLUTE
    if name in ("os.getcwd", "pathlib.Path.cwd"):
        return Root.TREE
    arguments = [find_value(argument, context) for argument in call.args]
    is_method = isinstance(call.func, ast.Attribute) and call.func.attr in BUILDERS
    if isinstance(call.func, ast.Attribute) and is_method:
        base: ast.expr | None = call.func.value
    elif name in BUILT:
        base, *arguments = arguments or [None]
    else:
        return None
    rest = all(isinstance(get_constant(argument), str) for argument in arguments)
    return find_root(base, context, depth + 1) if rest else None


def _find_text_root(text: str) -> Root | None:
    if not text or text.startswith(NO_FILES) or "://" in text or "\n" in text or "\0" in text:
        return None
    return Root.ABSOLUTE if text.startswith("/") else Root.TREE


def _is_moved(context: Context) -> bool:
    """Whether the function runs in a directory or file system of its own, or opens nothing."""
    if {"chdir", "isolated_filesystem", "as_cwd", "mock_open"} & context.scope.attributes:
        return True
    for name, declared in context.project.find_closure(context.module, context.scope):
        if any(word in name for word in TEMPORARY[2:]) or name in TEMPORARY:
            return True
        if declared and {"chdir", "as_cwd"} & declared.fixture.scope.attributes:
            return True
    decorators = [resolve(node, context.names) or "" for node in context.scope.decorators]
    if any(word in name for name in decorators for word in ("cwd", "chdir", "filesystem", "open")):
        return True
    if context.scope.owner is None:
        return False
    scopes = context.judge.find_class_scopes(context.module, context.scope.owner)
    return any("chdir" in scope.attributes for _, scope in scopes)


def _is_shielded(contexts: tuple[ast.expr, ...], context: Context) -> bool:
    """Whether a `with` moves to another directory, patches `open`, or expects a refusal."""
    for node in contexts:
        name = (resolve(node, context.names) or "").lower()
        if any(word in name for word in ELSEWHERE):
            return True
        if isinstance(node, ast.Call) and any("open" in str(get_constant(a)) for a in node.args):
            return True
    return False
