"""A nursery that is started while the controller still loads its conftests.

What stands on the command line by then says whether one is likely wanted.  It is taken only if it
was told just what it would be told later; else it ends, and nothing is lost but a process.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from .gate import Order
    from .nursery_handle import Nursery

EARLY: Final = pytest.StashKey["EarlyNursery"]()

RUN_SEED: Final = pytest.StashKey[int]()
"""The run's seed, drawn early because the nursery's hashes are seeded by it."""


@dataclass(slots=True)
class EarlyNursery:
    """A nursery that nobody has asked for yet."""

    order: "Order"
    variables: Mapping[str, str]
    """The environment that it was started in."""
    nursery: "Nursery | None"

    def take(self, order: "Order") -> "Nursery | None":
        """Return the nursery if it is what this order asks for, or None, and end it."""
        nursery, self.nursery = self.nursery, None
        is_same = select(os.environ) == select(self.variables)
        if nursery is None or (order == self.order and is_same):
            return nursery
        nursery.kill()
        return None

    def close(self) -> None:
        """End it, if nobody has taken it."""
        if self.nursery is not None:
            self.nursery.kill()
            self.nursery = None


def keep(config: pytest.Config, early: EarlyNursery, run_seed: int) -> None:
    """Keep a nursery until it is taken, or dropped, or the run ends."""
    config.stash[EARLY], config.stash[RUN_SEED] = early, run_seed
    config.add_cleanup(early.close)


def take(config: pytest.Config, order: "Order") -> "Nursery | None":
    """Return the nursery that was started early for this very order, if there is one."""
    early = config.stash.get(EARLY, None)
    return early.take(order) if early else None


def drop(config: pytest.Config) -> None:
    """End a nursery that nobody has taken."""
    if early := config.stash.get(EARLY, None):
        early.close()


def is_likely(config: pytest.Config) -> bool:
    """Tell whether the command line asks for workers, by number, that start warm."""
    known = getattr(config, "known_args_namespace", None)
    workers = getattr(known, "numprocesses", None)
    if not isinstance(workers, int) or workers < 1 or "PYTEST_XDIST_WORKER" in os.environ:
        return False
    others = ("collectonly", "usepdb", "help", "version")
    if any(getattr(known, name, None) for name in others):
        return False
    # Our own flags are not among the known ones yet.
    said = [arg for arg in config.invocation_params.args if arg.startswith("--warm-start")]
    return said[-1] == "--warm-start=on" if said else config.getini("warm_start") == "on"


def select(environ: Mapping[str, str]) -> dict[bytes, bytes]:
    """Return an environment but for what a nursery doesn't look at."""
    from .nursery_request import PASSING_VARIABLES  # noqa: PLC0415  paid by those who start one

    found = {os.fsencode(name): os.fsencode(value) for name, value in environ.items()}
    return {name: value for name, value in found.items() if name not in PASSING_VARIABLES}
