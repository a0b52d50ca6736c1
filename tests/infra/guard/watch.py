"""Compares the process at every boundary with what it was, says what differs, and puts it back.

One snapshot is the end of a test and the begin of the next.  A state that equals the last one costs
one comparison; only where one differs it is taken apart.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from .ledger import Changes, Ledger, invert
from .resource import ABSENT, Change, Resource, Scene, compare, is_same

MODULES = "sys.modules"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was, and who answers for it."""

    resource: str
    path: str
    """The expression or name by which it is reached, such as `os.environ['X']`."""
    before: str
    after: str
    remedy: str
    fixture: str | None = None
    """The wide fixture that answers for it; None where it is the test."""
    is_restored: bool = False


class Watch:
    """The resources of one process, what they were at the last boundary, and what is credited."""

    def __init__(
        self,
        resources: Sequence[Resource],
        *,
        is_restoring: bool = True,
        is_bracketing: bool = True,
    ) -> None:
        """Begin with no state.

        :param is_restoring: whether what a test left changed is put back.
        :param is_bracketing: whether plugins may change something around each test.
        """
        shallow = [resource for resource in resources if resource.tier == 1]
        deep = [resource for resource in resources if resource.tier != 1]
        self._resources = [*shallow, *deep]
        self._reads = tuple(resource.read for resource in shallow)
        self._deep_reads = tuple(resource.read for resource in deep)
        brackets = [n for n, resource in enumerate(shallow) if resource.is_bracketed]
        self._brackets = brackets if is_bracketing else []
        self._is_restoring = is_restoring
        self._is_deep = False
        self._is_blurred = False
        """Whether a fixture ended of whose set-up the second tier knows nothing."""
        self._seen_whole: set[int] = set()
        """The fixtures whose set-up both tiers have watched."""
        self._base: list[object] = []
        self._truth: dict[int, dict[str, object]] = {}
        """Of the resources that a wide fixture changed: what is expected, taken apart."""
        self._frames: list[tuple[int, list[object]]] = []
        """For each wide fixture whose set-up or finaliser is under way, how it was before."""
        self._ledger = Ledger()

    @property
    def count(self) -> int:
        """How many resources of the first tier there are."""
        return len(self._reads)

    def read(self) -> list[object]:
        """Read all states that are watched now."""
        states = [read() for read in self._reads]
        if self._is_deep:
            states += [read() for read in self._deep_reads]
        return states

    def start(self) -> None:
        """Take the process as it is for what it shall be."""
        self._base = self.read()
        self._truth.clear()

    def accept(self, name: str) -> None:
        """Take one resource as it is: what plugins did around all tests has ended."""
        for number, resource in enumerate(self._resources[: len(self._base)]):
            if resource.name == name:
                self._base[number] = resource.read()
                self._truth.pop(number, None)

    def forget(self) -> None:
        """Take the process at the next test's begin for what it shall be."""
        self._base.clear()
        self._truth.clear()
        self._frames.clear()

    def begin(self, *, is_deep: bool = False) -> None:
        """Begin a test; what plugins change around each test is read anew.

        Before the first one the process is taken as it is.
        """
        if not self._base:
            self._is_deep = is_deep
            self.start()
        elif is_deep != self._is_deep:
            self._switch(is_deep=is_deep)
        for number in self._brackets:
            self._base[number] = self._reads[number]()
            self._truth.pop(number, None)

    def end(self, exempt: AbstractSet[str] = frozenset()) -> list[Finding]:
        """End a test: return what it, or a wide fixture that ended with it, left changed.

        :param exempt: names of resources that stay as they are.
        """
        if not self._base:
            return []
        states = self.read()
        if not self._truth and is_same(self._base, states):
            return []
        found = list(self._look_closer(states, exempt))
        self._ledger.forget_ended()
        self._truth.clear()
        self._is_blurred = False
        return found

    def find_between(self, before: list[object], after: list[object]) -> Iterator[Finding]:
        """Yield what differs between two readings, whoever did it; nothing is put back."""
        scene = self._find_scene(before, after)
        for number, changes in self._compare(before, after).items():
            resource = self._resources[number]
            for change in resource.select(changes, scene):
                yield _describe(resource, change)

    # --- wide fixtures -----------------------------------------------------------------------

    def enter_fixture(self, key: int) -> None:
        """Note that a wide fixture's set-up or finaliser begins."""
        self._frames.append((key, self.read()))
        self._ledger.enter()

    def leave_set_up(self, key: int, label: str) -> None:
        """Note that its set-up is over: what changed is as it shall be, until it ends."""
        changes, scene = self._leave(key)
        if self._is_deep:
            self._seen_whole.add(key)
        owed = {
            number: [one for one in some if self._resources[number].is_owed(one, scene)]
            for number, some in changes.items()
        }
        self._ledger.credit(key, label, owed)
        self._expect(changes)

    def leave_finaliser(self, key: int) -> None:
        """Note that its finaliser is over: what its set-up changed shall be undone."""
        touched, _ = self._leave(key)
        self._is_blurred |= key not in self._seen_whole
        self._seen_whole.discard(key)
        changes = self._ledger.take_back(key, touched)
        self._expect({number: invert(some) for number, some in changes.items()})

    def _leave(self, key: int) -> tuple[Changes, Scene]:
        if key not in (entered for entered, _ in self._frames):
            return {}, Scene()
        after = self.read()
        while True:
            entered, before = self._frames.pop()
            changes = self._ledger.leave(self._compare(before, after))
            if entered == key:
                return changes, self._find_scene(before, after)

    def _expect(self, changes: Changes) -> None:
        # A fixture that both tiers saw may end where only the first one looks.
        here = {number: some for number, some in changes.items() if number < len(self._base)}
        for number, some in here.items():
            truth = self._truth.get(number)
            if truth is None:
                truth = self._truth[number] = dict(self._unfold(number, self._base))
            for change in some:
                if change.after is ABSENT:
                    truth.pop(change.key, None)
                else:
                    truth[change.key] = change.after

    # --- the slow path -----------------------------------------------------------------------

    def _look_closer(self, states: list[object], exempt: AbstractSet[str]) -> Iterator[Finding]:
        scene = self._find_scene(self._base, states)
        for number, state in enumerate(states):
            if number not in self._truth and is_same(self._base[number], state):
                continue
            if number >= len(self._reads) and self._is_blurred:
                self._base[number] = state
                continue
            yield from self._judge(number, state, scene, exempt)

    def _judge(
        self, number: int, state: object, scene: Scene, exempt: AbstractSet[str]
    ) -> Iterator[Finding]:
        resource = self._resources[number]
        expected = self._truth.get(number)
        if expected is None:
            expected = self._unfold(number, self._base)
        if resource.unfold(state) != expected:
            state = resource.settle(state, expected)
        changes = list(compare(expected, resource.unfold(state)))
        scene = replace(scene, credited=self._ledger.find_keys(number))
        is_restored = False
        for change in resource.select(changes, scene):
            is_kept = not self._is_restoring or resource.classify(change) in exempt
            is_back = not is_kept and resource.restore(change)
            is_restored |= is_back
            fixture = self._ledger.find_culprit((number, change.key))
            yield replace(_describe(resource, change), fixture=fixture, is_restored=is_back)
        self._base[number] = resource.read() if is_restored else state

    def _find_scene(self, before: list[object], after: list[object]) -> Scene:
        for number, resource in enumerate(self._resources[: len(after)]):
            if resource.name == MODULES and not is_same(before[number], after[number]):
                known, now = resource.unfold(before[number]), resource.unfold(after[number])
                return Scene(frozenset(now.keys() - known.keys()))
        return Scene()

    def _compare(self, before: list[object], after: list[object]) -> Changes:
        pairs = zip(before, after, strict=False)
        differing = [n for n, (old, new) in enumerate(pairs) if not is_same(old, new)]
        changes = {
            number: list(compare(resource.unfold(before[number]), resource.unfold(after[number])))
            for number, resource in ((n, self._resources[n]) for n in differing)
        }
        return {number: some for number, some in changes.items() if some}

    # A state is whatever its resource has read.
    def _unfold(self, number: int, states: list[object]) -> dict[str, object]:
        return dict(self._resources[number].unfold(states[number]))

    def _switch(self, *, is_deep: bool) -> None:
        shallow = len(self._reads)
        del self._base[shallow:]
        self._truth = {number: truth for number, truth in self._truth.items() if number < shallow}
        self._is_deep = is_deep
        if is_deep:
            self._base += [read() for read in self._deep_reads]


def _describe(resource: Resource, change: Change) -> Finding:
    path, before, after = resource.describe(change)
    remedy = resource.advise(change)
    return Finding(resource.classify(change), path, before, after, remedy)
