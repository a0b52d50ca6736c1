"""Time and threads: sleeping before an assert, bounds on elapsed time, threads left running."""

import ast
import itertools
import re
from collections.abc import Iterator
from typing import Final

from .chains import get_constant, read_chain, resolve
from .constants import find_assigned, find_value
from .leaks import Context
from .scopes import Kind, Spot
from .sightings import Sighting

SLEEPS: Final = ("time.sleep", "asyncio.sleep", "anyio.sleep", "trio.sleep", "gevent.sleep")
CLOCKS: Final = (
    "time.time", "time.monotonic", "time.perf_counter",
    "timeit.default_timer",
)  # fmt: skip
WALL_CLOCKS: Final = (
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today",
    "datetime.date.today", "time.time", "time.localtime", "time.gmtime",
)  # fmt: skip
FROZEN: Final = ("freeze", "frozen", "time_machine", "traveller", "travel", "clock", "fake_time")
THREADS: Final = ("threading.Thread", "threading.Timer", "multiprocessing.Process")
SHORTENED: Final = ("sleep", "raises", "timeout", "suppress", "cancel", "move_on", "fail_after")
"""Contexts under which a sleep ends early, or takes no time."""

CLOCKWORK: Final = re.compile(
    r"expir|ttl|max_?age|lifetime|interval|throttl|rate_?limit|cool_?down|mtime|timestamp|stale"
    r"|advance|next_|time_to_live|evict|fallback|keep_?alive|elapsed|duration",
    re.IGNORECASE,
)
"""Words of tests that let a time run out."""

GENEROUS_S: Final = 2
"""A bound from this one on holds on a busy machine, too."""

NEAR: Final = 2
"""Statements behind a sleep within which an assert is what was waited for."""

ENDERS: Final = frozenset({"join", "cancel", "terminate", "kill", "shutdown"})


def find_sleeps(context: Context) -> Iterator[Sighting]:
    """Find a wait of fixed length, followed by an assert."""
    scope, names = context.scope, context.names
    if scope.kind is not Kind.TEST or "sleep" not in scope.attributes | set(names):
        return
    if _waits_for_clock(context):
        return
    waits = {id(call) for s in scope.spots if (call := _get_waited(s.node)) is not None}
    for spot, node, name in context.calls:
        if name not in SLEEPS or id(node) not in waits:
            continue
        if spot.place.is_looped or spot.place.nested:
            continue
        if not node.args or not _is_assert_near(spot, context):
            continue
        if get_constant(node.args[0]) == 0 or _is_frozen(context):
            continue
        if not _is_patched(spot, context):
            yield Sighting("PTI502", node, f"{name}(...) waits, and then the test asserts")
            return


def _get_waited(node: ast.AST) -> ast.expr | None:
    """Return what a statement calls or awaits, and does nothing else."""
    if not isinstance(node, ast.Expr):
        return None
    value = node.value.value if isinstance(node.value, ast.Await) else node.value
    if isinstance(value, ast.Call) and getattr(value.func, "attr", "") == "run_until_complete":
        return value.args[0] if value.args else None
    return value


def _waits_for_clock(context: Context) -> bool:
    """Whether the sleep lets a time run out: a longer one, on a busy machine, does that too."""
    if not any(called.name in SLEEPS for called in context.calls):
        return False
    return CLOCKWORK.search(ast.unparse(context.scope.node)) is not None


def _is_assert_near(spot: Spot, context: Context) -> bool:
    """Whether one of the next statements asserts, so that the sleep waits for what it asserts."""
    after = (s for s in context.scope.spots if s.order > spot.order and not s.place.nested)
    statements = (s for s in after if isinstance(s.node, ast.stmt))
    return any(
        is_assert(Spot(node.value, s.place, s.is_after_yield, s.order))
        if isinstance(node := s.node, ast.Expr)
        else is_assert(s)
        for s in itertools.islice(statements, NEAR)
    )


def is_assert(spot: Spot) -> bool:
    """Whether a node is an assert, or a call of unittest's."""
    node = spot.node
    if isinstance(node, ast.Assert):
        return True
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr.startswith("assert")


def _is_patched(spot: Spot, context: Context) -> bool:
    guards = context.judge.find_effects(context.module, context.scope).guards
    if any("sleep" in guard.text for guard in guards):
        return True
    entered = [ast.unparse(context).lower() for context in spot.place.contexts]
    return any(word in text for word in SHORTENED for text in entered)


def _is_frozen(context: Context) -> bool:
    names = [name for name, _ in context.project.find_closure(context.module, context.scope)]
    names += [ast.unparse(decorator) for decorator in context.scope.decorators]
    return any(word in name for word in FROZEN for name in names)


def find_elapsed_bounds(context: Context) -> Iterator[Sighting]:
    """Find asserts that something took less than so many seconds."""
    if context.scope.kind is not Kind.TEST:
        return
    for spot in context.scope.spots:
        for left, operators, right in _read_comparisons(spot):
            is_below = isinstance(operators, ast.Lt | ast.LtE) and _is_elapsed(left, context)
            is_above = isinstance(operators, ast.Gt | ast.GtE) and _is_elapsed(right, context)
            bound = get_constant(find_value(right if is_below else left, context))
            if isinstance(bound, int | float) and bound >= GENEROUS_S:
                continue
            if is_below or is_above:
                node = spot.node
                assert isinstance(node, ast.expr | ast.stmt)
                yield Sighting("PTI503", node, "the time that something took is bounded")
                break


def _read_comparisons(spot: Spot) -> Iterator[tuple[ast.expr, ast.cmpop, ast.expr]]:
    node = spot.node
    if isinstance(node, ast.Assert):
        for part in ast.walk(node.test):
            if isinstance(part, ast.Compare):
                sides = [part.left, *part.comparators]
                yield from zip(sides, part.ops, sides[1:], strict=False)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        operator = {"assertLess": ast.Lt, "assertLessEqual": ast.LtE, "assertEqual": ast.Eq}.get(
            node.func.attr
        )
        if operator is not None and len(node.args) > 1:
            yield node.args[0], operator(), node.args[1]


def _is_elapsed(node: ast.expr, context: Context) -> bool:
    """Whether an expression is the difference of two readings of a clock."""
    if isinstance(node, ast.Name):
        values = find_assigned(node.id, context)
        return (
            len(values) == 1
            and not isinstance(values[0], ast.Name)
            and (_is_elapsed(values[0], context))
        )
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub):
        return False
    return all(_reads_clock(side, context, CLOCKS) for side in (node.left, node.right))


def _reads_clock(node: ast.expr, context: Context, clocks: tuple[str, ...]) -> bool:
    if isinstance(node, ast.Name):
        return any(_reads_clock(v, context, clocks) for v in find_assigned(node.id, context)
                   if not isinstance(v, ast.Name))  # fmt: skip
    if not isinstance(node, ast.Call):
        return False
    return resolve(node.func, context.names) in clocks


def find_clock_comparisons(context: Context) -> Iterator[Sighting]:
    """Find asserts that something equals the present moment."""
    if context.scope.kind is not Kind.TEST:
        return
    for spot in context.scope.spots:
        for left, operator, right in _read_comparisons(spot):
            if isinstance(operator, ast.Eq) and any(
                _is_now(side, context) for side in (left, right)
            ) and not _is_frozen(context):  # fmt: skip
                node = spot.node
                assert isinstance(node, ast.expr | ast.stmt)
                yield Sighting("PTI504", node, "a value is compared with the present moment")
                break


def _is_now(node: ast.expr, context: Context) -> bool:
    """Whether an expression reads the clock itself, or a part of such a reading."""
    while isinstance(node, ast.Attribute | ast.Call):
        if isinstance(node, ast.Call):
            name = resolve(node.func, context.names) or ""
            if name in WALL_CLOCKS and not (node.args and name.startswith("time.")):
                return True
            node = node.func
        else:
            node = node.value
    return False


def find_running_threads(context: Context) -> Iterator[Sighting]:
    """Find threads and processes that are started, and that nobody waits for."""
    scope, names = context.scope, context.names
    if scope.kind not in (Kind.TEST, Kind.FIXTURE) or "start" not in scope.attributes:
        return
    if ENDERS & scope.attributes:
        return
    for spot in scope.spots:
        node = spot.node
        if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") != "start":
            continue
        receiver = getattr(node.func, "value", None)
        made = receiver if isinstance(receiver, ast.Call) else None
        if isinstance(receiver, ast.Name) and not _is_handed_on(receiver.id, context):
            values = find_assigned(receiver.id, context)
            made = values[0] if len(values) == 1 and isinstance(values[0], ast.Call) else None
        if made is not None and resolve(made.func, names) in THREADS:
            yield Sighting("PTI505", node, f"what {scope.name} starts is not joined")


def _is_handed_on(name: str, context: Context) -> bool:
    """Whether somebody else gets the thread, who may wait for it."""
    for spot in context.scope.spots:
        node = spot.node
        given: list[ast.expr | None] = []
        if isinstance(node, ast.Call):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
        elif isinstance(node, ast.Return | ast.Yield | ast.Assign):
            given = [node.value]
        for value in given:
            chain = read_chain(value) if isinstance(value, ast.Name) else None
            if chain is not None and chain.root == name:
                return True
    return False
