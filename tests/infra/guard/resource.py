"""What a resource of the guard is made of: how its state is read, taken apart and put back.

`resources` lists those of the first tier; `watch` compares them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

SHOWN: Final = 80
"""Characters of a value that a report shows."""

SECRETS: Final = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL")


class Absent:
    """Stands for a key that is not there."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Change:
    """One key of a resource that is not as it was."""

    key: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Scene:
    """What else happened between two snapshots, by which a change may be lawful."""

    imported: frozenset[str] = frozenset()
    """Names of the modules that were imported for the first time."""
    credited: frozenset[str] = frozenset()
    """Keys that a wide fixture answers for which has ended."""


class Resource(Protocol):
    """One kind of state that tests share in a process.

    A state is whatever `read` returns: it is compared by `==`, which must be cheap, and must hold
    copies of what can change in place.
    """

    name: str
    tier: int
    """1: compared at every boundary; 2: on demand."""
    is_bracketed: bool
    """Whether plugins change it around each test, so that it is read anew when a test begins."""

    def read(self) -> object:
        """Read the state; never imports anything, never raises."""
        ...

    # The state is whatever this resource's `read` returned.
    def unfold(self, state: object) -> Mapping[str, object]:
        """Return the state as keys and values; called only where two states differ."""
        ...

    def settle(self, state: object, expected: Mapping[str, object]) -> object:
        """Return the state once what is about to end has ended; called where it differs."""
        ...

    def is_lawful(self, change: Change, scene: Scene) -> bool:
        """Tell whether a change is lazy or monotone, so that no test can suffer from it."""
        ...

    def is_owed(self, change: Change, scene: Scene) -> bool:
        """Tell whether a wide fixture that made the change has to undo it."""
        ...

    def select(self, changes: list[Change], scene: Scene) -> list[Change]:
        """Return the changes that count and are worth a line: not what follows from another."""
        ...

    def classify(self, change: Change) -> str:
        """Return the name of the resource under which a change is reported and exempted."""
        ...

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the access path, and the texts of the values before and after."""
        ...

    def advise(self, change: Change) -> str:
        """Return how a test avoids the change."""
        ...

    def restore(self, change: Change) -> bool:
        """Put the key back where that is safe, and tell whether it was."""
        ...

    def close(self) -> None:
        """Give back what it took to read the state."""
        ...


class Plain:
    """The defaults of a resource: one value, which can't be put back."""

    name = ""
    tier = 1
    is_bracketed = False
    remedy = ""

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return the state under the resource's own name, or as it is if it has keys."""
        return state if isinstance(state, dict) else {self.name: state}

    def settle(self, state: object, expected: Mapping[str, object]) -> object:  # noqa: ARG002  for the others
        """Return the state as it is: nothing of it ends by itself."""
        return state

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell that each change counts."""
        return False

    def is_owed(self, change: Change, scene: Scene) -> bool:
        """Tell that all but lawful ones have to be undone."""
        return not self.is_lawful(change, scene)

    def select(self, changes: list[Change], scene: Scene) -> list[Change]:
        """Return those that are not lawful."""
        return [change for change in changes if not self.is_lawful(change, scene)]

    def classify(self, change: Change) -> str:  # noqa: ARG002  for the others
        """Return the resource's own name."""
        return self.name

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the key as the path, and both values."""
        return change.key, render(change.before), render(change.after)

    def advise(self, change: Change) -> str:  # noqa: ARG002  for the others
        """Return what helps against each change."""
        return self.remedy

    def restore(self, change: Change) -> bool:  # noqa: ARG002  for the others
        """Leave it."""
        return False

    def close(self) -> None:
        """Do nothing: nothing was taken."""


def compare(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Change]:
    """Yield each key whose value differs, in the order of the keys."""
    differing = [
        key
        for key, old in before.items()
        # Most are the very same object, and a call for each would be most of the cost.
        if (new := after.get(key, ABSENT)) is not old and not is_same(old, new)
    ]
    for key in sorted([*differing, *(after.keys() - before.keys())]):
        yield Change(key, before.get(key, ABSENT), after.get(key, ABSENT))


def is_same(before: object, after: object) -> bool:
    """Compare two states; what can't be compared is the same only if it is the same object."""
    if before is after:
        return True
    try:
        return bool(before == after)
    except Exception:  # noqa: BLE001  any object's own __eq__ may raise anything
        return False


def render(value: object) -> str:
    """Render a value in one line, shortened; an object that can't be rendered by its type."""
    try:
        # A weak proxy whose object is gone answers to nothing.
        text = repr(value.decode(errors="replace") if isinstance(value, bytes) else value)
    except Exception:  # noqa: BLE001  any object's own __repr__ may raise anything
        text = f"<{type(value).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def is_secret(name: str) -> bool:
    """Tell whether a name says that its value is nobody's business."""
    return any(word in name.upper() for word in SECRETS)
