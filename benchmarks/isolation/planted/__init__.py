"""The planted leaks: each a small suite with one culprit among innocent tests."""

from typing import Final

from planted import activity, arrivals, interpreter, library, objects, process, unseen
from planted.plant import Plant

PLANTS: Final[tuple[Plant, ...]] = (
    *process.PLANTS,
    *activity.PLANTS,
    *interpreter.PLANTS,
    *library.PLANTS,
    *arrivals.PLANTS,
    *objects.PLANTS,
    *unseen.PLANTS,
)

__all__ = ["PLANTS", "Plant"]
