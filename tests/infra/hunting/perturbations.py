"""Puts a process under conditions; there is no way back, so it is a fork or a run of its own.

What was really changed is counted, because a change that reaches nothing shows nothing.
"""

import locale
import os
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from ..errors import SettingError
from . import clocks, interleaving, surroundings, timeouts, waits
from .conditions import Conditions

HUNT: Final = (f"{Path(__file__).parent}{os.sep}", f"{Path(__file__).parents[1]}{os.sep}fork")
"""How the paths of the hunt's own files begin."""


def find_own_modules(root: Path) -> list[ModuleType]:
    """Find the project's own modules among those that are imported."""
    prefix = f"{root}{os.sep}"
    return [
        module
        for module in list(sys.modules.values())
        if _is_own(getattr(module, "__file__", None) or "", prefix)
    ]


def _is_own(file_name: str, prefix: str) -> bool:
    is_within = file_name.startswith(prefix) and "site-packages" not in file_name
    return is_within and not file_name.startswith(HUNT)


class Applied:
    """Counts how often a condition made a difference.

    :param own_modules: the project's own; None: they are looked for, once.
    """

    def __init__(self, root: Path, own_modules: Sequence[ModuleType] | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._prefix = f"{root}{os.sep}"
        self._own_modules = find_own_modules(root) if own_modules is None else own_modules

    def is_own(self, file_name: str) -> bool:
        """Tell whether a file is the project's own source, and no part of the hunt."""
        return _is_own(file_name, self._prefix)

    def is_called_by_own(self, depth: int = 2) -> bool:
        """Tell whether the caller's caller is the project's own code."""
        return self.is_own(sys._getframe(depth).f_code.co_filename)  # noqa: SLF001  as `inspect` does

    def put(self, owner: object, name: str, new: object) -> None:
        """Replace a function, also wherever the project imported it by name."""
        old = getattr(owner, name)
        setattr(owner, name, new)
        for module in self._own_modules:
            for own_name, value in list(vars(module).items()):
                if value is old:
                    setattr(module, own_name, new)


def check(conditions: Conditions) -> None:
    """See that a process can be put under conditions, without doing it.

    :raises SettingError: one of them can't be had here.
    """
    if conditions.zone:
        clocks.check_zone(conditions.zone)
    if conditions.clock:
        clocks.read_instant(conditions.clock)
    if conditions.locale:
        before = locale.setlocale(locale.LC_CTYPE)
        try:
            _choose_locale(conditions.locale)
        finally:
            locale.setlocale(locale.LC_CTYPE, before)


def apply(
    conditions: Conditions,
    root: Path,
    *,
    slot: int = 0,
    own_modules: Sequence[ModuleType] | None = None,
) -> Applied:
    """Put this process under conditions; processes of other slots draw other numbers.

    :param own_modules: see `Applied`.
    :raises SettingError: a condition can't be had here.
    """
    applied = Applied(root, own_modules)
    if conditions.seed:
        _seed(conditions.seed, slot, applied)
    if conditions.zone:
        clocks.set_zone(conditions.zone, applied)
    if conditions.locale:
        _set_locale(conditions.locale, applied)
    if conditions.own_waits != 1 or conditions.other_waits != 1:
        waits.stretch(conditions.own_waits, conditions.other_waits, applied)
    if conditions.timeouts != 1:
        timeouts.stretch(conditions.timeouts, applied)
    if conditions.haste != 1:
        clocks.hasten(conditions.haste, applied)
    if conditions.clock:
        clocks.travel(conditions.clock, applied)
    if conditions.threads:
        interleaving.switch(conditions.threads, conditions.seed, applied)
    if conditions.pauses:
        interleaving.pause(conditions.pauses + slot, applied)
    surroundings.change(conditions, applied)
    return applied


def _set_locale(name: str, applied: Applied) -> None:
    _choose_locale(name)
    os.environ["LC_ALL"] = name
    applied.counts["locale set"] += 1


def _choose_locale(name: str) -> None:
    try:
        locale.setlocale(locale.LC_CTYPE, name)
    except locale.Error:
        way_out = "give one that `locale -a` tells"
        raise SettingError("locale", name, "is not installed", way_out) from None


def _seed(seed: int, slot: int, applied: Applied) -> None:
    """Make all that is drawn at random follow from one number."""
    source = random.Random(f"{seed} {slot}")  # noqa: S311  repeatable on purpose
    seed_plainly = random.Random.seed

    def urandom(size: int) -> bytes:
        applied.counts["os.urandom called"] += 1
        return source.randbytes(size)

    # Any: whatever Random.seed takes.
    def seed_anew(self: random.Random, a: Any = None, version: int = 2) -> None:
        if a is None:
            applied.counts["generator seeded"] += 1
            a = source.getrandbits(64)
        seed_plainly(self, a, version)

    applied.put(os, "urandom", urandom)
    # `secrets`, SystemRandom, and by them numpy's own generators, ask under this name.
    applied.put(random, "_urandom", urandom)
    applied.put(random.Random, "seed", seed_anew)
    # It was bound to the generator that all share before.
    applied.put(random, "seed", random._inst.seed)  # noqa: SLF001  as the module itself does
    random.seed(source.getrandbits(64))
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed(source.getrandbits(32))
    applied.counts["seeded"] += 1
