"""Whole hunts, whose processes are simulated: the order of things, the budget, what is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, cycle
from pathlib import Path

import pytest

from tests.infra.hunting import hunter, judging
from tests.infra.hunting.changed import Reached
from tests.infra.hunting.confirmation import CONFIRMATIONS, Fresh
from tests.infra.hunting.finding import Recipe
from tests.infra.hunting.hunter import Hunt, Wish
from tests.infra.hunting.lab import REVERSED_FILES
from tests.infra.hunting.levers import LEVERS
from tests.infra.hunting.oracle import Collection, NothingToHuntError
from tests.infra.hunting.survey import ENOUGH_RUNS
from tests.infra.hunting.verdicts import Kind, Tally
from tests.infra.leaks import Leak
from tests.test_infra.recorded import make_schedule
from tests.test_infra.worlds import TARGET, Fails, Moment, Touches, World, touch_nothing

POLLUTER = 1


@dataclass
class Staged(World):
    """A world that is asked as a hunt asks a lab, and may have no tests that can be collected."""

    errors: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    prepared: list[int] = field(default_factory=list)

    @property
    def collection(self) -> Collection:
        """The tests by number, or why there are none."""
        plain = super().collection
        names = tuple(f"t.py::test_{test}" for test in range(self.tests))
        files = self.files or plain.files
        return replace(plain, nodeids=names, files=files, errors=self.errors)

    def prepare(self, *hash_seeds: int) -> None:
        """Note what would collect."""
        self.prepared += hash_seeds


class Simulated(Fresh):
    """Fresh processes in which a test fails after its polluter, or always."""

    has_polluter = True

    def run(self, command: str, nodeid: str) -> bool | None:
        """Tell whether the last test of a command fails."""
        return "test_1" in command if self.has_polluter else nodeid in command

    def look(self, recipe: Recipe, nodeids: Sequence[str]) -> tuple[list[Leak], bool | None]:
        """Tell what the polluter leaves."""
        polluter, last = nodeids[POLLUTER], nodeids[recipe.tests[-1]]
        leak = Leak("test", polluter, polluter, "memory", "app.REG", "{}", "{1: 2}", "restore it")
        return [leak], self.run(" ".join(nodeids[test] for test in recipe.tests), last)


class Constant(Simulated):
    """Fresh processes in which a test always fails."""

    has_polluter = False


class Heard:
    """Hears how far a hunt is, and may interrupt it there."""

    def __init__(self, interrupt_at: str = "never") -> None:
        self.interrupt_at = interrupt_at
        self.updates: list[str] = []
        self.told: list[str] = []

    def update(self, text: str) -> None:
        self.updates.append(text)
        if text.startswith(self.interrupt_at):
            raise KeyboardInterrupt

    def tell(self, text: str) -> None:
        self.told.append(text)


@dataclass
class Stage:
    """A hunt and the world it takes place in."""

    hunt: Hunt
    heard: Heard
    world: Staged


MakeStage = Callable[..., Stage]


@pytest.fixture
def make_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeStage:
    """Make a hunt in a world in which nothing is run, and time passes by each look at the clock."""
    monkeypatch.setattr(judging, "Fresh", Simulated)

    def make(
        fails: Fails = lambda _moment: False,
        *,
        errors: tuple[str, ...] = (),
        touches: Touches = touch_nothing,
        step_s: float = 0.01,
        heard: Heard | None = None,
        **wished: object,
    ) -> Stage:
        world = Staged((), {}, tmp_path, fails=fails, errors=errors, touches=touches)

        def open_lab(
            *_: object, deadline: float, clock: Callable[[], float], **__: object
        ) -> World:
            world.deadline, world.clock = deadline, clock
            return world

        monkeypatch.setattr(hunter, "Lab", open_lab)
        wish = replace(Wish((), 600.0, 7, 2, tmp_path), **wished)  # type: ignore[arg-type]  # fields
        times = count(0.0, step_s)
        heard = heard or Heard()
        return Stage(Hunt(wish, tmp_path, heard, clock=lambda: next(times)), heard, world)

    return make


def is_polluted(moment: Moment) -> bool:
    """Fail after the polluter."""
    return moment.test == TARGET and POLLUTER in moment.prefix


def test_sound_suite_is_accepted_after_enough_runs(make_stage: MakeStage) -> None:
    stage = make_stage()

    record = stage.hunt.conduct()

    assert record.is_complete
    assert record.verdicts == ()
    assert record.sound.tests == 6
    assert record.sound.fewest_runs >= ENOUGH_RUNS
    assert stage.heard.updates[0] == "survey, 1 of 16: natural order"


def test_victim_is_found_with_its_polluter_and_what_that_leaves(make_stage: MakeStage) -> None:
    stage = make_stage(is_polluted)

    record = stage.hunt.conduct()

    (verdict,) = record.verdicts
    assert (verdict.nodeid, verdict.kind) == ("t.py::test_3", Kind.VICTIM)
    assert verdict.culprits == ("t.py::test_1",)
    assert verdict.state == ("app.REG",)
    assert (verdict.confirmed, verdict.cleared) == (Tally(2, 2), Tally(2, 0))
    assert verdict.command.endswith("t.py::test_1 t.py::test_3")
    assert stage.heard.told == ["t.py::test_3: " + verdict.kind]


@pytest.mark.parametrize(
    ("fails_after", "fails_alone", "kind"),
    [(True, True, Kind.UNKNOWN), (False, False, Kind.VICTIM)],
    ids=["without its polluter, too", "nowhere else"],
)
def test_victim_that_fresh_processes_refute_is_looked_into_again(
    make_stage: MakeStage,
    monkeypatch: pytest.MonkeyPatch,
    *,
    fails_after: bool,
    fails_alone: bool,
    kind: Kind,
) -> None:
    def run(_self: Fresh, command: str, _nodeid: str) -> bool:
        return fails_after if "test_1" in command else fails_alone

    monkeypatch.setattr(Simulated, "run", run)
    stage = make_stage(is_polluted)

    (verdict,) = stage.hunt.conduct().verdicts

    assert verdict.kind is kind
    # Whatever else could turn it was tried.
    assert {lever.words for lever in LEVERS} <= {*stage.world.axes}


@pytest.mark.parametrize("is_alike", [True, False], ids=["as in forks", "by luck"])
def test_second_run_that_leaves_nothing_is_looked_into_again(
    make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch, *, is_alike: bool
) -> None:
    """Its timing follows from what ran before, in forks and perhaps in fresh processes."""

    def fails(moment: Moment) -> bool:
        return moment.test == TARGET and (
            TARGET in moment.prefix or moment.conditions.other_waits > 1
        )

    luck = cycle([True, False])

    def run(_self: Fresh, command: str, nodeid: str) -> bool:
        is_second = "twice" in command or command.count(nodeid) > 1
        return is_second or "other_waits" in command if is_alike else next(luck)

    monkeypatch.setattr(Simulated, "run", run)
    stage = make_stage(fails)

    (verdict,) = stage.hunt.conduct().verdicts

    assert verdict.kind is Kind.ASYNC_WAIT


def test_test_that_always_fails_is_broken(
    make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "Fresh", Constant)
    stage = make_stage(lambda moment: moment.test == TARGET)

    (verdict,) = stage.hunt.conduct().verdicts

    assert verdict.kind is Kind.BROKEN
    assert verdict.confirmed == Tally(2, 2)
    assert verdict.tally.failures == verdict.tally.runs


def test_test_that_passes_by_itself_is_no_broken_one(make_stage: MakeStage) -> None:
    stage = make_stage(lambda moment: moment.test == TARGET)

    (verdict,) = stage.hunt.conduct().verdicts

    assert verdict.kind is Kind.UNKNOWN
    assert verdict.command == ""


def test_only_reached_tests_are_hunted(make_stage: MakeStage) -> None:
    reached = Reached(("t.py::test_0",), ("app/unused.py",))
    stage = make_stage(is_polluted, reached=reached)

    record = stage.hunt.conduct()

    assert record.verdicts == ()
    assert record.notes == ("no test needs app/unused.py, which has changed",)


def test_tests_that_touch_the_same_thing_meet(make_stage: MakeStage) -> None:
    stage = make_stage(touches=lambda test: (("file", "/both"),) if test < 2 else ())

    record = stage.hunt.conduct()

    assert record.axes["meetings"] == 2 * 3 * hunter.TIMES
    assert "meetings: 0 of 18" in stage.heard.updates


def test_tests_that_have_failed_beside_each_other_meet_no_more(make_stage: MakeStage) -> None:
    pair = {0, 1}
    stage = make_stage(
        lambda moment: moment.test in pair and bool(pair - {moment.test} & {*moment.beside}),
        touches=lambda test: (("file", "/both"),) if test in pair else (),
    )

    record = stage.hunt.conduct()

    assert record.axes.get("meetings", 0) <= 2 * 3
    assert len(record.verdicts) == 2


def test_what_files_do_when_imported_is_confirmed_once(
    make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[str] = []

    def run(_self: Fresh, command: str, _nodeid: str) -> bool:
        commands.append(command)
        return "a.py" in command

    monkeypatch.setattr(Simulated, "run", run)
    stage = make_stage(lambda moment: moment.test == TARGET and moment.hash_seed == REVERSED_FILES)
    stage.world.files = ("/srv/a.py", *(["/srv/t.py"] * 5))

    (verdict,) = stage.hunt.conduct().verdicts

    assert verdict.kind is Kind.IMPORT
    assert (verdict.confirmed, verdict.cleared) == (Tally(2, 2), Tally(2, 0))
    # The search has tried it, too.
    assert commands.count(verdict.command) == 1 + CONFIRMATIONS


def test_suite_that_cannot_be_collected_is_refused(make_stage: MakeStage) -> None:
    stage = make_stage(errors=("t.py: no module named app",))

    with pytest.raises(NothingToHuntError, match="no module named app"):
        stage.hunt.conduct()


def test_spent_budget_leaves_out_the_rest_and_says_so(make_stage: MakeStage) -> None:
    stage = make_stage(is_polluted, step_s=60.0)

    record = stage.hunt.conduct()

    assert not record.is_complete
    assert "clock: the budget is spent" in record.left_out
    assert "why t.py::test_3 fails: the budget is spent" in record.left_out
    assert [one.kind for one in record.verdicts] == [Kind.UNKNOWN]


def test_meetings_end_with_the_budget(make_stage: MakeStage) -> None:
    stage = make_stage(touches=lambda _test: (("file", "/both"),), step_s=60.0)

    record = stage.hunt.conduct()

    assert "tests that touch the same thing beside each other: no time" in record.left_out
    assert not record.is_complete


def test_long_suite_is_not_run_many_times(make_stage: MakeStage) -> None:
    stage = make_stage(budget_s=20.0)

    record = stage.hunt.conduct()

    assert "many times: the suite takes too long for that" in record.left_out


def test_interrupted_hunt_goes_on_from_where_it_was(make_stage: MakeStage, tmp_path: Path) -> None:
    memory = tmp_path / "memory.jsonl"
    first = make_stage(is_polluted, heard=Heard("suspect"), memory=memory)

    interrupted = first.hunt.conduct()
    second = make_stage(is_polluted, memory=memory)
    record = second.hunt.conduct()

    assert not interrupted.is_complete
    assert interrupted.notes == ("interrupted; the same command goes on from here",)
    assert not any(text.startswith("survey") for text in second.heard.updates)
    assert record.left_out == interrupted.left_out
    assert record.notes[0].startswith("went on from ")
    assert [one.kind for one in record.verdicts] == [Kind.VICTIM]
    assert not memory.exists()


def test_known_verdict_is_not_found_again(make_stage: MakeStage, tmp_path: Path) -> None:
    memory = tmp_path / "memory.jsonl"
    first = make_stage(lambda m: is_polluted(m) or m.test == 4, heard=Heard("suspect 2"))
    first.hunt.wish = replace(first.hunt.wish, memory=memory)
    first.hunt.conduct()
    second = make_stage(lambda m: is_polluted(m) or m.test == 4, memory=memory)

    record = second.hunt.conduct()

    assert len(record.verdicts) == 2
    assert len(second.heard.told) == 1


def test_fresh_hunt_forgets_the_earlier_one(make_stage: MakeStage, tmp_path: Path) -> None:
    memory = tmp_path / "memory.jsonl"
    make_stage(heard=Heard("survey, 9"), memory=memory).hunt.conduct()
    assert memory.exists()

    record = make_stage(memory=memory, is_fresh=True).hunt.conduct()

    assert record.notes == ()


def test_recorded_failure_is_tried_in_its_order_and_beside_its_neighbours(
    make_stage: MakeStage, tmp_path: Path
) -> None:
    shelf = tmp_path / "runs"
    shelf.mkdir()
    schedule = make_schedule(
        "gw0: test_2 0-1 test_3 1-2!", "gw1: test_5 0-1.5 gone 1.5-3 test_4 3-4"
    )
    (shelf / "one.json").write_text(schedule.to_json(), encoding="utf-8")
    (shelf / "bad.json").write_text('{"bad":1', encoding="utf-8")
    stage = make_stage(shelf=shelf)

    record = stage.hunt.conduct()

    assert (record.axes["recorded order"], record.axes["recorded neighbours"]) == (1, 6)
    recorded = [one.tests for one in stage.world.asked[1].casts]
    assert recorded == [(2, 3)]
    assert [one.tests for one in stage.world.asked[2].casts] == [(3,), (5,)]
