"""What a call promises to take back: monkeypatch, patches, clean-ups and contexts, as texts.

A guard is the chain of what it restores, `os.environ` or `app.FLAG`, with a key where one is
given.  Which changes it covers is decided in `undoing`.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from .chains import get_constant, read_chain, resolve

PATCHERS: Final = frozenset({"setattr", "delattr", "setitem", "delitem"})
SPECIAL: Final = {
    "setenv": "os.environ",
    "delenv": "os.environ",
    "chdir": "os.chdir",
    "syspath_prepend": "sys.path",
}
CLEANUPS: Final = frozenset({
    "addCleanup", "addfinalizer", "addClassCleanup", "addModuleCleanup", "addAsyncCleanup",
    "callback", "enterContext", "enter_context", "enterClassContext", "enterModuleContext",
    "add_cleanup", "addTeardown", "push",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Guard:
    """Something that is taken back."""

    text: str
    key: object = None
    """The one item that is restored; None where it is the whole, or unknown."""


def is_patch(name: str) -> bool:
    """Whether a callee is one of `unittest.mock`'s patchers, or pytest-mock's."""
    return name == "patch" or ".patch" in name or name.startswith("patch.")


def is_guarding(call: ast.Call, name: str) -> bool:
    """Whether a call takes back later what it does, or registers what does.

    :param name: the callee's.
    """
    if isinstance(call.func, ast.Attribute):
        method = call.func.attr
        if method in CLEANUPS or method in SPECIAL:
            return name != "os.chdir"
        if method in PATCHERS:
            return True
    return is_patch(name)


def read_guards(call: ast.Call, names: Mapping[str, str]) -> Iterator[Guard]:
    """Read what a guarding call, a context or a decorator names among its arguments."""
    method = _get_method(call)
    first = get_constant(call.args[0]) if call.args else None
    if method in SPECIAL:
        yield Guard(SPECIAL[method], first if method.endswith("env") else None)
        return
    if method in CLEANUPS and isinstance(call.args[0] if call.args else None, ast.Name):
        yield from _read_restored_attribute(call.args, names)
    texts = [text for argument in call.args for text in _read_texts(argument, names)]
    second = get_constant(call.args[1]) if len(call.args) > 1 else None
    if method in ("setitem", "delitem") and texts:
        yield Guard(texts[0], second)
        return
    if isinstance(second, str) and texts:
        yield Guard(f"{texts[0]}.{second}")
        if method in ("setattr", "delattr", "object"):
            return
    key = second if method in CLEANUPS else None
    yield from (Guard(text, key) for text in texts)


def _read_restored_attribute(
    arguments: list[ast.expr], names: Mapping[str, str]
) -> Iterator[Guard]:
    """Read `setattr, module, "name", old` as arguments of a clean-up."""
    setter, *rest = arguments
    if isinstance(setter, ast.Name) and setter.id in ("setattr", "delattr") and len(rest) > 1:
        owner, name = resolve(rest[0], names), get_constant(rest[1])
        if owner is not None and isinstance(name, str):
            yield Guard(f"{owner}.{name}")


def _read_texts(argument: ast.expr, names: Mapping[str, str]) -> Iterator[str]:
    if isinstance(argument, ast.Lambda | ast.Call):
        for node in ast.walk(argument):
            if isinstance(node, ast.Call | ast.Attribute) and (text := resolve(node, names)):
                yield text.removesuffix("()")
        return
    constant = get_constant(argument)
    if isinstance(constant, str):
        yield constant
    elif (text := resolve(argument, names)) is not None:
        yield text


def _get_method(call: ast.Call) -> str:
    func = call.func
    if isinstance(func, ast.Attribute):
        return func.attr
    chain = read_chain(func)
    return chain.root if chain else ""
