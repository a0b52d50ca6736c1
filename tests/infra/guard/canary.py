"""Plants small changes and looks whether the guard sees them: a guard that sleeps says nothing.

Done once in each process, before its first test; each change is undone at once.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from .resource import Resource, Scene, compare

NAME: Final = "PYTEST_INFRA_CANARY"


def _plant_variable() -> Callable[[], object]:
    os.environ[NAME] = "sings"
    return lambda: os.environ.pop(NAME, None)


def _plant_umask() -> Callable[[], object]:
    mask = os.umask(0o27)
    os.umask(mask ^ 0o10)
    return lambda: os.umask(mask)


def _plant_path() -> Callable[[], object]:
    sys.path.append(NAME)
    return lambda: sys.path.remove(NAME)


def _plant_module() -> Callable[[], object]:
    sys.modules[NAME] = type(sys)(NAME)
    return lambda: sys.modules.pop(NAME)


def _plant_argument() -> Callable[[], object]:
    sys.argv.append(NAME)
    return lambda: sys.argv.remove(NAME)


def _plant_limit() -> Callable[[], object]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + 1)
    return lambda: sys.setrecursionlimit(limit)


def _plant_level() -> Callable[[], object]:
    level = logging.root.level
    logging.root.setLevel(level + 1)
    return lambda: logging.root.setLevel(level)


def _plant_descriptor() -> Callable[[], object]:
    number = os.open(os.devnull, os.O_RDONLY)
    return lambda: os.close(number)


PLANTS: Final = {
    "environ": _plant_variable,
    "umask": _plant_umask,
    "sys.path": _plant_path,
    "sys.modules": _plant_module,
    "sys.argv": _plant_argument,
    "sys.limits": _plant_limit,
    "logging": _plant_level,
    "fds": _plant_descriptor,
}


def find_sleepers(resources: Sequence[Resource]) -> Iterator[str]:
    """Yield the names of the resources that don't see a change planted in them."""
    for resource in resources:
        plant = PLANTS.get(resource.name)
        if plant is not None and resource.tier == 1 and not _is_seen(resource, plant):
            yield resource.name


def _is_seen(resource: Resource, plant: Callable[[], Callable[[], object]]) -> bool:
    before = dict(resource.unfold(resource.read()))
    undo = plant()
    try:
        after = resource.unfold(resource.read())
        changes = list(compare(before, after))
    finally:
        undo()
    resource.read()
    return any(not resource.is_lawful(change, Scene()) for change in changes)
