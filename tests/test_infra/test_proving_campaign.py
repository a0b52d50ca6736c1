from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from tests.infra.errors import SettingError
from tests.infra.proving.campaign import SAME_AGAIN, Campaign, NothingToProveError
from tests.infra.proving.plan import Pass, Wish
from tests.infra.proving.process import Deadline, Ending, Result
from tests.test_infra.trials import make_result

SOUND = {"t": "passed", "u": "passed"}

Play = Callable[[Pass], Result | None]


def play_sound(item: Pass) -> Result:
    outcomes: Mapping[str, str | Sequence[str]] = {
        nodeid: (outcome,) * item.runs
        for nodeid, outcome in SOUND.items()
        if nodeid not in item.without and (not item.only or nodeid in item.only)
    }
    collected = {"gw0": [*outcomes], "gw1": [*outcomes]} if item.workers else None
    return make_result(item, outcomes, collected=collected)


@dataclass
class Theatre:
    """A runner whose passes take a second each, by a clock of its own."""

    play: Play
    now: float = 0.0
    items: list[Pass] = field(default_factory=list)
    deadlines: list[Deadline | None] = field(default_factory=list)

    def __call__(self, item: Pass, *, label: str, deadline: Deadline | None) -> Result:
        assert item.name.split(",")[0] in label or "settling" in label
        self.items.append(item)
        self.deadlines.append(deadline)
        self.now += 1
        return self.play(item) or play_sound(item)

    @property
    def names(self) -> list[str]:
        return [item.name for item in self.items]


def conduct(play: Play, *, budget_s: float | None = None) -> tuple[Campaign, Theatre]:
    theatre = Theatre(play)
    wish = Wish(budget_s=budget_s, orders=1, workers=(2,))
    campaign = Campaign(wish, theatre, lambda: theatre.now, processors=2)
    campaign.conduct()
    return campaign, theatre


def test_a_sound_suite_needs_the_planned_passes_only() -> None:
    campaign, theatre = conduct(lambda _: None)

    assert theatre.names == [
        *("natural order", "twice in one process", "reverse order", "2 workers"),
        *("random order 0", "natural order"),
    ]
    assert not campaign.left_out
    assert not campaign.is_interrupted


def test_a_budget_leaves_out_what_does_not_fit_and_says_so() -> None:
    campaign, theatre = conduct(lambda _: None, budget_s=3.5)

    assert theatre.names == ["natural order", "twice in one process", "reverse order"]
    reasons = {item.name: reason for item, reason in campaign.left_out}
    assert reasons["random order 0"] == "needs about 1 s, and 0 s of the budget are left"
    assert theatre.deadlines[1] == Deadline(2.5, Ending.OUT_OF_BUDGET)


def test_a_pass_may_take_ten_times_what_was_expected_and_a_minute() -> None:
    _, theatre = conduct(lambda _: None)

    assert theatre.deadlines[0] is None
    deadline = theatre.deadlines[2]
    assert deadline is not None
    assert (round(deadline.after_s), deadline.ending) == (70, Ending.HUNG)


def test_a_pass_that_dies_is_run_again_without_the_test() -> None:
    def play(item: Pass) -> Result | None:
        if item.order != "reverse" or item.without:
            return None
        return make_result(item, {}, ending=Ending.DIED, still_open=["t"])

    _, theatre = conduct(play)

    assert theatre.names[2:4] == ["reverse order", "reverse order, without 1"]
    assert theatre.items[3].without == ("t",)
    assert theatre.items[4].without == ()


def test_a_test_that_ends_the_first_pass_is_left_out_of_all_others() -> None:
    def play(item: Pass) -> Result | None:
        if item.without:
            return None
        return make_result(item, {"u": "passed"}, ending=Ending.DIED, still_open=["t"])

    _, theatre = conduct(play)

    assert theatre.items[0].without == ()
    assert {item.without for item in theatre.items[1:]} == {("t",)}


def test_workers_that_collect_differently_run_again_without_what_differs() -> None:
    def play(item: Pass) -> Result | None:
        if not item.workers or item.without:
            return None
        collected = {"gw0": ["t[1]", "t[2]", "u"], "gw1": ["t[2]", "t[1]", "u"]}
        return make_result(item, {}, ending=Ending.CUT, collected=collected)

    _, theatre = conduct(play)

    assert theatre.items[4] == Pass(workers=2, without=("t",))


def test_what_differs_is_run_by_itself_and_again_where_it_differed() -> None:
    def play(item: Pass) -> Result | None:
        if item.order == "reverse":
            return make_result(item, {"t": "failed", "u": "passed"})
        return None

    _, theatre = conduct(play)

    assert theatre.items[6:] == [*[Pass(only=("t",))] * SAME_AGAIN, Pass("reverse")]


def test_a_test_that_fails_on_its_second_run_is_run_alone_twice() -> None:
    def play(item: Pass) -> Result | None:
        if item.order != "twice":
            return None
        outcomes = {"t": ("passed", "failed")} | ({} if item.only else {"u": ("passed",) * 2})
        return make_result(item, outcomes)

    _, theatre = conduct(play)

    assert Pass("twice", only=("t",)) in theatre.items


def test_an_interrupt_keeps_what_was_done() -> None:
    def play(item: Pass) -> Result | None:
        if item.order != "reverse":
            return None
        return make_result(item, {"u": "passed"}, ending=Ending.INTERRUPTED, still_open=["t"])

    campaign, theatre = conduct(play)

    assert campaign.is_interrupted
    assert len(campaign.results) == 3
    assert [item.name for item, _ in campaign.left_out] == [
        *("2 workers", "random order 0", "natural order"),
    ]
    assert len(theatre.items) == 3


def test_an_interrupt_between_two_passes_keeps_what_was_done() -> None:
    def play(item: Pass) -> Result | None:
        if item.order == "reverse":
            raise KeyboardInterrupt
        return None

    campaign, _ = conduct(play)

    assert campaign.is_interrupted
    assert len(campaign.results) == 2


def test_a_suite_that_does_not_run_is_a_mistake_of_the_users() -> None:
    with pytest.raises(NothingToProveError, match="the last line"):
        conduct(lambda item: make_result(item, {}, ending=Ending.CUT, collected={}))


def test_a_budget_shorter_than_the_first_pass_is_a_mistake_of_the_users() -> None:
    def play(item: Pass) -> Result:
        return make_result(item, {"u": "passed"}, ending=Ending.OUT_OF_BUDGET, still_open=["t"])

    with pytest.raises(SettingError, match="over before the first pass"):
        conduct(play, budget_s=1)
