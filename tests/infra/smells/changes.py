"""Writes to what outlives a test, told from reads: one `Change` for each.

Here a statement becomes a change; whose object it is, is found in `ownership`, and whether the
change is taken back, in `undoing`.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from . import processwide
from .chains import CALL, ITEM, Chain, get_constant, is_own_logger, read_chain
from .scopes import Spot
from .values import is_empty

SAVED_WORDS: Final = (
    "old",
    "orig",
    "save",
    "prev",
    "backup",
    "before",
    "initial",
    "prior",
    "former",
)


class Form:
    """How a write is written; the values are words of messages."""

    ASSIGN: Final = "set"
    DELETE: Final = "deleted"
    METHOD: Final = "changed"


@dataclass(frozen=True, slots=True)
class Write:
    """A statement that writes to something."""

    chain: Chain
    """What is written: `os.environ[]`, `app.FLAG`, or the container of a method."""
    form: str
    spot: Spot
    node: ast.expr
    """What the finding points at."""
    value: ast.expr | None = None
    method: str = ""
    key: object = None

    @property
    def is_reset(self) -> bool:
        """Whether it brings back a bare beginning, so that what went before is gone."""
        if self.method:
            return self.method in ("clear", "cache_clear")
        return self.form == Form.ASSIGN and is_empty(self.value)

    @property
    def is_restoring(self) -> bool:
        """Whether it looks like the second half of a pair."""
        if self.form == Form.DELETE or self.method in ("pop", "remove", "discard", "popleft"):
            return True
        return self.value is not None and is_saved(self.value)


@dataclass(frozen=True, slots=True)
class Change:
    """A write to something that outlives a test."""

    rule_id: str
    path: str
    """What is changed: the rule of a process global, or the chain of an object."""
    write: Write
    shown: str
    """What the message calls it."""
    is_restoring: bool = False
    is_certain: bool = True
    """Whether it surely changes something; others only count as taking back."""

    @property
    def is_process(self) -> bool:
        """Whether it is one of the process globals."""
        return self.path.startswith("PTI")


def is_saved(value: ast.expr) -> bool:
    """Whether a value looks like one that was kept for later, or is the usual one."""
    if isinstance(value, ast.Constant):
        return not value.value
    chain = read_chain(value)
    if chain is None:
        return False
    text = chain.render().lower()
    return any(word in text for word in SAVED_WORDS) or "sys.__std" in text


def read_writes(spot: Spot) -> Iterator[Write]:
    """Read what one statement or call writes."""
    node = spot.node
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _read_target(target, spot, node.value)
    elif isinstance(node, ast.AugAssign):
        for write in _read_target(node.target, spot, None):
            yield write
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield from _read_target(node.target, spot, node.value)
    elif isinstance(node, ast.Delete):
        for target in node.targets:
            for write in _read_target(target, spot, None):
                yield Write(write.chain, Form.DELETE, spot, target, key=write.key)
    elif isinstance(node, ast.Call):
        yield from _read_call(node, spot)


def _read_target(target: ast.expr, spot: Spot, value: ast.expr | None) -> Iterator[Write]:
    if isinstance(target, ast.Tuple | ast.List):
        values = value.elts if isinstance(value, ast.Tuple | ast.List) else []
        for index, element in enumerate(target.elts):
            own = values[index] if len(values) == len(target.elts) else value
            yield from _read_target(element, spot, own)
        return
    chain = read_chain(target)
    if chain is not None and (chain.steps or isinstance(target, ast.Name)):
        key = get_constant(target.slice) if isinstance(target, ast.Subscript) else None
        yield Write(chain, Form.ASSIGN, spot, target, value, key=key)


def _read_call(call: ast.Call, spot: Spot) -> Iterator[Write]:
    if isinstance(call.func, ast.Name) and call.func.id in ("setattr", "delattr"):
        yield from _read_setattr(call, spot)
        return
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in processwide.MUTATORS:
        return
    chain = read_chain(call.func.value)
    if chain is None:
        return
    key = get_constant(call.args[0]) if call.args and call.func.attr != "append" else None
    yield Write(chain, Form.METHOD, spot, call, method=call.func.attr, key=key)


def _read_setattr(call: ast.Call, spot: Spot) -> Iterator[Write]:
    chain = read_chain(call.args[0]) if len(call.args) > 1 else None
    name = get_constant(call.args[1]) if len(call.args) > 1 else None
    if chain is not None and isinstance(name, str):
        whole = Chain(chain.root, (*chain.steps, name))
        form = Form.DELETE if len(call.args) == 2 else Form.ASSIGN  # noqa: PLR2004  (object, name)
        value = call.args[2] if form == Form.ASSIGN and len(call.args) > 2 else None  # noqa: PLR2004  (object, name, value)
        yield Write(whole, form, spot, call, value)


WRITING: Final = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)


def find_process_change(spot: Spot, callee: str, names: Mapping[str, str]) -> Iterator[Change]:
    """Find what one statement or call changes among the process globals.

    :param callee: the name of what is called, where it is a call.
    """
    node = spot.node
    if isinstance(node, ast.Call):
        if (change := _find_called(node, spot, callee)) is not None:
            yield change
        return
    if not isinstance(node, WRITING):
        return
    for write in read_writes(spot):
        chain = write.chain.render(names.get(write.chain.root))
        if not write.chain.steps and chain == write.chain.root:
            continue
        if (rule := processwide.find_target(chain)) is not None:
            shown = chain.replace(ITEM, f"[{write.key!r}]" if write.key is not None else "[...]")
            yield Change(rule, rule, write, shown, write.is_restoring)


def _find_called(call: ast.Call, spot: Spot, chain: str) -> Change | None:
    rule = processwide.find_call(chain) if chain else None
    if rule is None or _only_asks(chain, call) or is_own_logger(call.func):
        return None
    method = chain.rpartition(".")[2]
    key = get_constant(call.args[0]) if call.args and rule == processwide.ENVIRONMENT else None
    target = Chain(chain, ())
    write = Write(target, Form.METHOD, spot, call, method=method, key=key)
    is_back = chain in processwide.RESTORING_CALLS or write.is_restoring
    is_back = is_back or any(is_saved(argument) for argument in call.args[-1:])
    return Change(rule, rule, write, f"{chain}(...)", is_back)


def _only_asks(chain: str, call: ast.Call) -> bool:
    if chain not in processwide.ASKING_CALLS:
        return False
    if any(keyword.arg == "locale" for keyword in call.keywords):
        return False
    return len(call.args) < 2 or (  # noqa: PLR2004  category and locale
        isinstance(call.args[1], ast.Constant) and call.args[1].value is None
    )


def cut(chain: str) -> str:
    """Cut a chain to the object that is changed: up to its first item or call."""
    for step in (ITEM, CALL):
        chain = chain.partition(step)[0]
    return chain
