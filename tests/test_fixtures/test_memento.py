import functools
import inspect
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import is_dataclass
from enum import Enum
from threading import RLock
from types import FunctionType, MappingProxyType, MethodType
from typing import Any

import pytest

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError
from tests.fixtures.proxmox.journal import Journal
from tests.fixtures.proxmox.memento import Memento, Stateful

LEAVES = (
    str, bytes, int, float, type(None), Enum, re.Pattern, type, BaseException, Journal,
    type(RLock()), type(len),
)  # fmt: skip


class Box(Stateful):
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)

    def look(self) -> None:
        """Do nothing, as a method that work could be."""


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (lambda: 1, None),
        (lambda: [1, [2]], lambda box: box.content[1].append(3)),
        (lambda: {"a": {"b": 1}}, lambda box: box.content["a"].clear()),
        (lambda: {1, 2}, lambda box: box.content.add(3)),
        (lambda: Box(content=1), lambda box: setattr(box.content, "content", 2)),
        (
            lambda: {"a": (Box(content=1),)},
            lambda box: setattr(box.content["a"][0], "content", 2),
        ),
    ],
    ids=["number", "list", "dict", "set", "object", "object in containers"],
)  # fmt: skip
def test_what_changed_is_put_back(make: Any, change: Any) -> None:
    box = Box(content=make())
    kept = Memento(box)
    expected = render(box)

    for _ in range(2):
        (change or (lambda box: setattr(box, "content", 7)))(box)
        assert render(box) != expected
        kept.restore()
        assert render(box) == expected


def test_objects_keep_their_identity() -> None:
    inner = Box(content=1)
    box = Box(content={"a": inner})
    kept = Memento(box)

    box.content = {}  # type: ignore[attr-defined]  # as any state has it
    kept.restore()

    assert box.content["a"] is inner  # type: ignore[attr-defined]  # as any state has it


@pytest.mark.parametrize(
    "hide",
    [lambda one: lambda: one, lambda one: one.look, lambda one: functools.partial(id, one)],
    ids=["closure", "method", "partial"],
)
def test_what_waiting_work_refers_to_is_kept(hide: Any) -> None:
    inner = Box(content=1)
    kept = Memento(Box(work=hide(inner)))

    inner.content = 2  # type: ignore[attr-defined]  # as any state has it
    kept.restore()

    assert inner.content == 1  # type: ignore[attr-defined]  # as any state has it


def render(one: object) -> object:
    if isinstance(one, Stateful):
        return {name: render(value) for name, value in vars(one).items()}
    if isinstance(one, dict):
        return {key: render(value) for key, value in one.items()}
    return [render(value) for value in one] if isinstance(one, list | tuple) else repr(one)


def make_busy_builder() -> ProxmoxAPIMockBuilder:
    """Build a cluster with tasks under way and processes, on which every step was used."""
    builder = ProxmoxAPIMockBuilder().with_vm(101).with_vm(102).with_agent(103)
    node = builder.build_api(user="root@pam", password="secret").nodes("node1")
    node.qemu(103).agent("exec").post(command="ls")
    builder.with_task_duration(10).with_task_error("stop", "no", times=2)
    node.qemu(101).status.start.post()
    node.qemu(101).clone.post(newid=200)
    node.qemu(102).delete()
    node.qemu.post(vmid=300, scsi0="local-lvm:4")
    for name, step in sorted(inspect.getmembers(builder, inspect.ismethod)):
        if name.startswith("with_") and not required_parameters(step):
            with suppress(DoubleError):  # A step may need another before it.
                step()
    return builder


def required_parameters(step: Any) -> list[str]:
    parameters = inspect.signature(step).parameters.values()
    options = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [one.name for one in parameters if one.default is one.empty and one.kind not in options]


def walk(one: object, where: str, kept: Memento, seen: set[int]) -> Iterator[str]:
    """Give every place with a mutable object that no snapshot keeps."""
    if id(one) in seen or isinstance(one, LEAVES):
        return
    seen.add(id(one))
    if isinstance(one, Stateful) and not kept.holds(one):
        yield f"{where}: {one!r} is state, and no snapshot holds it"
    parts = parts_of(one)
    if parts is None:
        yield f"{where}: {type(one).__name__} can change, and isn't Stateful"
    for name, part in (parts or {}).items():
        yield from walk(part, f"{where}.{name}", kept, seen)


def parts_of(one: object) -> dict[str, object] | None:  # noqa: PLR0911 - one for each kind
    if isinstance(one, Stateful):
        names = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
        return getattr(one, "__dict__", None) or {name: getattr(one, name) for name in names}
    if isinstance(one, dict | MappingProxyType):
        return {repr(key): value for key, value in one.items()}
    if isinstance(one, list | set | tuple | frozenset):
        return {str(number): value for number, value in enumerate(one)}
    if isinstance(one, MethodType):
        return {"self": one.__self__}
    if isinstance(one, FunctionType):
        cells = one.__closure__ or ()
        return {str(number): cell.cell_contents for number, cell in enumerate(cells)}
    if is_dataclass(one) and getattr(one, "__dataclass_params__").frozen:  # noqa: B009 - not in typeshed
        return {name: getattr(one, name) for name in one.__dataclass_fields__}
    return None


def dump(one: object, seen: dict[int, int]) -> object:
    """Return the whole state, comparable; an object that comes again is its number."""
    if isinstance(one, LEAVES):
        return one if isinstance(one, str | int | float) else id(one)
    if isinstance(one, Stateful) and id(one) in seen:
        return seen[id(one)]
    seen[id(one)] = len(seen)
    return {name: dump(part, seen) for name, part in (parts_of(one) or {}).items()}


def test_no_state_escapes_a_snapshot() -> None:
    builder = make_busy_builder()

    assert list(walk(builder._gateway, "gateway", builder.snapshot(), set())) == []


def test_walk_finds_what_a_snapshot_would_miss() -> None:
    class Plain:
        pass

    missed, forgotten = Box(), Box(plain=Plain())
    found = list(walk(Box(a=missed, b=[forgotten]), "root", Memento(Box()), set()))

    assert [place.partition(":")[0] for place in found] == [
        "root", "root.a", "root.b.0", "root.b.0.plain",
    ]  # fmt: skip


def test_reset_puts_the_whole_state_back() -> None:
    builder = make_busy_builder()
    kept = builder.snapshot()
    before = dump(builder._gateway, {})

    builder.clock.advance(60)
    builder.with_vm(400).with_node("node7").with_storage("nas").with_operation_error("list", "x")
    builder.cluster.guests[101].config["cores"] = 9
    changed = dump(builder._gateway, {})
    builder.reset(kept)

    assert changed != before
    assert dump(builder._gateway, {}) == before
