"""What is noted while a test's source is read, and what that comes to; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from .categories import Doing

TURNS: Final = 2
"""How many operations before the last that acts make it more than one operation."""


@dataclass(slots=True)
class Notes:
    """What was seen so far."""

    calls: int = 0
    operations: dict[str, None] = field(default_factory=dict)
    steps: dict[str, None] = field(default_factory=dict)
    sequence: list[tuple[str, bool]] = field(default_factory=list)
    """Operations that look and act, in order, and whether each is one that acts."""
    slept_s: float = 0.0
    bound_s: float = 0.0
    waits: dict[str, None] = field(default_factory=dict)
    wire: dict[str, None] = field(default_factory=dict)
    concurrency: dict[str, None] = field(default_factory=dict)
    is_time_replaced: bool = False

    def build(self) -> Doing:
        """Build the record."""
        is_waiting = not self.is_time_replaced
        return Doing(
            calls=self.calls,
            operations=tuple(self.operations),
            steps=tuple(self.steps),
            turns=find_turns(self.sequence),
            waits_s=max(self.slept_s, self.bound_s) if is_waiting else 0.0,
            waits=tuple(self.waits) if is_waiting else (),
            wire=tuple(self.wire),
            concurrency=tuple(self.concurrency),
        )


def find_turns(sequence: Sequence[tuple[str, bool]]) -> tuple[str, ...]:
    """Return the operations up to the last that acts, where it follows two others and a look.

    To act once, and to look afterwards, is how a single operation is tested.
    """
    acting = [position for position, (_, is_acting) in enumerate(sequence) if is_acting]
    before = sequence[: acting[-1]] if acting else []
    if len(before) < TURNS or all(is_acting for _, is_acting in before):
        return ()
    return tuple(name for name, _ in sequence[: acting[-1] + 1])
