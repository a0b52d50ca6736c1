"""All gates, in their order."""

from typing import Final

from . import categories, foundations, independence, performance
from .gates import Gate

GATES: Final = (
    *foundations.GATES,
    *categories.GATES,
    *independence.GATES,
    *performance.GATES,
)

OUTPUTS: Final = performance.OUTPUTS
"""Files that the gates make in the working directory, besides their record."""

PHASES: Final = tuple(dict.fromkeys(gate.phase for gate in GATES))


def list_gates(phase: int) -> list[Gate]:
    """Return the gates of a phase, in order."""
    return [gate for gate in GATES if gate.phase == phase]
