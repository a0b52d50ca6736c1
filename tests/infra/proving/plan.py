"""Which passes make a proof, what each costs, and the command line of each; pure.

The passes that tell most come first: a budget may leave out the others.
"""

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..options import OPTIONS

PACKAGE: Final = __package__.rpartition(".")[0]
REHEARSAL: Final = f"{PACKAGE}.rehearsal"
"""By this package's own name, which may be another one in another repository."""

GUARD_OPTIONS: Final = {
    "isolation": "--isolation=report",
    "isolation_restore": "--isolation-restore=off",
}
"""The guard looks on and puts nothing right: a leak must have its effect to be seen."""

SORTING_PLUGINS: Final = {
    "randomly": "pytest_randomly",
    "random_order": "random_order",
    "reverse": "pytest_reverse",
}
"""Entry point to module of plugins that put an order of their own on the tests."""

MORE_PER_WORKER: Final = 0.5
"""What each further worker adds to the start, as a part of it, where processors are short."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One run of the suite, in a process of its own."""

    order: str = "natural"
    workers: int = 0
    hash_seed: str = "0"
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def is_serial(self) -> bool:
        """Whether one process runs all of its tests, so that their order is known."""
        return self.workers == 0

    @property
    def runs(self) -> int:
        """How often it runs each test."""
        return 2 if self.order.startswith("twice") else 1

    @property
    def base(self) -> "Pass":
        """The same pass of all tests."""
        return replace(self, only=(), without=())

    @property
    def name(self) -> str:
        """What it is called in tables; the same settings have the same name."""
        text = f"{self.workers} workers" if self.workers else describe_order(self.order)
        if self.only:
            text += f", {len(self.only)} test{'s' if len(self.only) > 1 else ''} only"
        return f"{text}, without {len(self.without)}" if self.without else text


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asks for."""

    arguments: tuple[str, ...] = ()
    """Pytest's own."""
    budget_s: float | None = None
    orders: int = 3
    workers: tuple[int, ...] = (2, 4)
    seed: int = 0
    hash_seed: str = ""
    """What the environment sets; then it holds for all passes."""


def describe_order(order: str) -> str:
    """Return an order in words."""
    if order == "twice":
        return "twice in one process"
    kind, _, rest = order.partition(":")
    if kind == "twice":
        return f"twice, {describe_order(rest)}"
    return f"random order {rest}" if kind == "random" else f"{kind} order"


def build_plan(wish: Wish) -> list[Pass]:
    """Return the passes, those that tell most first.

    All have one hash seed but the last, so that what differs before it is not the hash seed's.
    """
    first = wish.hash_seed or str(wish.seed % 2**32)
    other = wish.hash_seed or str((wish.seed + 1) % 2**32)
    return [
        Pass("natural", hash_seed=first),
        Pass("twice", hash_seed=first),
        Pass("reverse", hash_seed=first),
        *(Pass(workers=count, hash_seed=first) for count in wish.workers),
        *(Pass(f"random:{wish.seed + k}", hash_seed=first) for k in range(wish.orders)),
        Pass("natural", hash_seed=other),
    ]


def predict(item: Pass, *, wall_s: float, tests_s: float, processors: int) -> float:
    """Return how long a pass will take, from what the first one took, as a whole and in tests."""
    start_s = max(wall_s - tests_s, 0.0)
    if item.is_serial:
        return start_s + item.runs * tests_s
    at_once = max(min(item.workers, processors), 1)
    return start_s * (1 + MORE_PER_WORKER * item.workers) + tests_s / at_once


def find_guard_arguments(known: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return the arguments that make the guard look on, as far as this copy has a guard."""
    names = {option.name for option in OPTIONS} if known is None else set(known)
    return tuple(argument for name, argument in GUARD_OPTIONS.items() if name in names)


def build_arguments(
    item: Pass, wish: Wish, *, own: Sequence[str] = (), blocked: Sequence[str] = ()
) -> list[str]:
    """Return pytest's arguments for a pass: the user's, then ours, which override them."""
    cut = wish.arguments.index("--") if "--" in wish.arguments else len(wish.arguments)
    chosen = [f"--only={nodeid}" for nodeid in item.only]
    left_out = [f"--without={nodeid}" for nodeid in item.without]
    plugins = [text for name in blocked for text in ("-p", f"no:{name}")]
    return [
        *wish.arguments[:cut],
        *plugins,
        *("-p", REHEARSAL, f"--order={item.order}", "-n", str(item.workers)),
        *chosen,
        *left_out,
        *own,
        *wish.arguments[cut:],
    ]


def render_command(item: Pass, wish: Wish, *, blocked: Sequence[str] = ()) -> str:
    """Return the command that runs a pass again, to be pasted into a shell."""
    # What past runs taught would place the tests otherwise than in the pass, which had no history.
    own = () if item.is_serial else ("-p", "no:cacheprovider")
    arguments = shlex.join(build_arguments(item, wish, own=own, blocked=blocked))
    return f"PYTHONHASHSEED={item.hash_seed} python -m pytest {arguments}"


def build_environ(item: Pass, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment of a pass."""
    return {**environ, "PYTHONHASHSEED": item.hash_seed}
