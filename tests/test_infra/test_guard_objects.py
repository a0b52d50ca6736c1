import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.infra.guard.objects import Objects
from tests.infra.guard.resource import Change, Scene, compare

APP = """
import functools, os
from collections import deque
from contextvars import ContextVar

REG = {}
FLAG = False
ITEMS = [1, 2]
SEEN = set()
CURRENT = ContextVar("current", default=None)
_connection = None
_cache = {}
_ids = 0

class Cart:
    items = []

class Node:
    def __init__(self):
        self.data = {}
        self.other = None

class Slotted:
    __slots__ = ("value",)

    def __init__(self):
        self.value = 0

SERVICE = Node()
SERVICE.inner = Node()
SLOTTED = Slotted()

def connect():
    global _connection
    if _connection is None:
        _connection = object()
    return _connection

def next_id():
    global _ids
    _ids += 1
    return _ids

def square(x):
    if x not in _cache:
        _cache[x] = x * x
    return _cache[x]

def collect(value, into=[]):
    into.append(value)
    return into

@functools.lru_cache
def level():
    return os.environ.get("LEVEL")

@functools.lru_cache
def cube(x):
    return x ** 3

def counted():
    counted.calls = getattr(counted, "calls", 0) + 1

class Lazy:
    @functools.cached_property
    def answer(self):
        return [42]

LAZY = Lazy()
"""

App = types.ModuleType


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """A module of the project's own, imported from its source."""
    name = f"app_{abs(hash(str(tmp_path)))}"
    (tmp_path / f"{name}.py").write_text(APP)
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__(name)
    del sys.modules[name]


@pytest.fixture
def objects(tmp_path: Path, app: App) -> Objects:
    """The resource, of that module alone."""
    assert app.__file__
    return Objects(tmp_path, frozenset(), "tests.infra")


def find_changes(objects: Objects, act: Callable[[], object]) -> list[Change]:
    before = objects.unfold(objects.read())
    act()
    after = objects.settle(objects.read(), before)
    return objects.select(list(compare(before, objects.unfold(after))), Scene())


# Any: attributes of a module that is made for the test.
LEAKS: list[tuple[Callable[..., object], str, str]] = [
    (lambda app: app.REG.update(k=1), "REG['k']", "objects"),
    (lambda app: setattr(app, "FLAG", True), "FLAG", "objects"),
    (lambda app: setattr(app, "NEW", 1), "NEW", "objects"),
    (lambda app: app.ITEMS.append(3), "ITEMS[2]", "objects"),
    (lambda app: app.SEEN.add("x"), "SEEN", "objects"),
    (lambda app: app.Cart().items.append(1), "Cart.items[0]", "objects"),
    (lambda app: setattr(app.Cart, "limit", 1), "Cart.limit", "objects"),
    (lambda app: app.SERVICE.inner.data.update(k=1), "SERVICE.inner.data['k']", "objects"),
    (lambda app: setattr(app.SLOTTED, "value", 1), "SLOTTED.value", "objects"),
    (lambda app: app.collect(1), "collect.__defaults__[0][0]", "objects"),
    (lambda app: app.counted(), "counted.calls", "objects"),
    (lambda app: setattr(app, "cube", print), "cube", "objects"),
    (lambda app: app.level(), "level.cache_info()", "caches"),
    (lambda app: app.CURRENT.set("x"), "CURRENT.get()", "contextvars"),
    (lambda app: setattr(app, "Kept", type("Kept", (app.Cart,), {})), "Kept", "objects"),
]


@pytest.mark.parametrize(("act", "path", "kind"), LEAKS, ids=[path for _, path, _ in LEAKS])
def test_change_is_named_by_its_access_path(
    app: App, objects: Objects, act: Callable[[App], object], path: str, kind: str
) -> None:
    changes = find_changes(objects, lambda: act(app))

    assert f"{app.__name__}.{path}" in [change.key for change in changes]
    assert {objects.classify(change) for change in changes} == {kind}
    assert all(objects.advise(change) for change in changes)
    app.CURRENT.set(None)


LAWFUL: list[Callable[..., object]] = [
    lambda app: app.connect(),
    lambda app: app.next_id(),
    lambda app: app.square(4),
    lambda app: app.cube(2),
    lambda app: app.LAZY.answer,
    lambda app: setattr(app, "ITEMS", [1, 2]),
    lambda app: app.REG.update(k=1) or app.REG.clear(),
    lambda app: type("Dropped", (app.Cart,), {}),
]


@pytest.mark.parametrize(
    "act", LAWFUL, ids=["lazy", "counter", "memo", "pure", "cached", "copy", "undone", "class"]
)
def test_lazy_monotone_or_undone_change_is_none(
    app: App, objects: Objects, act: Callable[[App], object]
) -> None:
    assert find_changes(objects, lambda: act(app)) == []


def test_value_of_a_wide_fixture_is_watched(objects: Objects) -> None:
    shared: dict[str, int] = {}
    objects.fixtures["shared"] = shared

    changes = find_changes(objects, lambda: shared.update(x=1))

    assert [change.key for change in changes] == ["fixture shared['x']"]
    assert objects.classify(changes[0]) == "fixtures"


def test_object_that_refers_to_itself_is_walked_once(app: App, objects: Objects) -> None:
    app.REG["self"] = app.REG

    changes = find_changes(objects, lambda: app.REG.update(k=1))

    assert [change.key for change in changes] == [f"{app.__name__}.REG['k']"]
