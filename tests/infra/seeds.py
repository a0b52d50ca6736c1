"""Seeds that are known: of `random` in each process, and of the hashes of each worker.

A process that runs tests is seeded before it collects, so that its draws come again when the same
tests run again in the same order.  Who keeps the seeds is left to `schedules`.
"""

import os
import random
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Final

from .circumstances import HASH_SEED

BITS: Final = 32
"""The most that PYTHONHASHSEED and numpy's legacy generator take."""

RANDOMLY: Final = "randomly"
"""The name under which pytest-randomly registers: it seeds before each test, so we don't."""


def draw_run_seed() -> int:
    """Draw the seed of a run."""
    return random.SystemRandom().getrandbits(BITS)


def derive_seed(run_seed: int, label: str) -> int:
    """Derive a seed from that of the run: the same for the same label, on any machine.

    A text is hashed by SHA-512, whatever the hash seed; `hashlib` would cost each worker 2 ms.
    """
    return random.Random(f"{run_seed}/{label}").getrandbits(BITS)  # noqa: S311  no secret


def seed_process(seed: int) -> Callable[[], None]:
    """Seed the shared generators, numpy's only where it is imported; return what undoes it.

    That is for a run inside of a process that goes on, such as one inside of a test.
    """
    state = random.getstate()
    random.seed(seed)
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return lambda: random.setstate(state)
    numpy_state = numpy.random.get_state()
    numpy.random.seed(seed)

    def undo() -> None:
        random.setstate(state)
        numpy.random.set_state(numpy_state)

    return undo


def read_hash_seed() -> str:
    """Read what the hashes of this process are seeded with; empty where nobody can know it."""
    if not sys.flags.hash_randomization:
        return "0"
    seed = os.environ.get(HASH_SEED, "")
    return seed if seed.isdigit() and not sys.flags.ignore_environment else ""


class HashSeeds:
    """Gives each worker a hash seed by the environment that it is started in.

    Each has one of its own: a test parametrised over a set is then collected in different orders,
    which xdist reports, as it does where hashes are seeded by chance.  A warm start forks all from
    one process, so there they share the first one, as they always did.
    """

    def __init__(
        self, environ: MutableMapping[str, str], run_seed: int, recorded: Mapping[str, str]
    ) -> None:
        self._environ = environ
        self._run_seed = run_seed
        self._recorded = recorded
        self._before = environ.get(HASH_SEED)
        self._started = 0
        self._is_ours = bool(recorded) or self._before in (None, "", "random")

    def open(self) -> None:
        """Put the first worker's seed into the environment, unless the user chose one for all."""
        if self._is_ours:
            self._environ[HASH_SEED] = self._choose()

    def advance(self) -> None:
        """Put the next worker's seed there; called once a worker has been started."""
        self._started += 1
        if self._is_ours:
            self._environ[HASH_SEED] = self._choose()

    def close(self) -> None:
        """Put the user's own value back."""
        if not self._is_ours:
            return
        self._environ.pop(HASH_SEED, None)
        if self._before is not None:
            self._environ[HASH_SEED] = self._before

    def _choose(self) -> str:
        # xdist numbers its workers in the order of their start, replacements included.
        name = f"gw{self._started}"
        return self._recorded.get(name) or str(derive_seed(self._run_seed, f"hashes of {name}"))
