import pytest

from tests.infra.guard.resource import Change, Plain
from tests.infra.guard.watch import Finding, Watch


class Table(Plain):
    """A resource over a mapping that the test changes by hand."""

    def __init__(self, name: str = "table", tier: int = 1) -> None:
        self.name = name
        self.tier = tier
        self.values: dict[str, object] = {}

    def read(self) -> object:
        return dict(self.values)

    def restore(self, change: Change) -> bool:
        self.values.pop(change.key, None)
        return True


def start(*tables: Table, is_restoring: bool = True) -> Watch:
    watch = Watch(tables, is_restoring=is_restoring)
    watch.begin()
    return watch


def set_up(watch: Watch, table: Table, key: str, fixture: int = 1) -> None:
    watch.enter_fixture(fixture)
    table.values[key] = fixture
    watch.leave_set_up(fixture, f"fixture{fixture}")


def finish(watch: Watch, table: Table, key: str | None, fixture: int = 1) -> None:
    watch.enter_fixture(fixture)
    if key is not None:
        del table.values[key]
    watch.leave_finaliser(fixture)


def get_culprits(findings: list[Finding]) -> list[tuple[str, str | None]]:
    return [(finding.path, finding.fixture) for finding in findings]


def test_change_is_blamed_once_and_put_back() -> None:
    table = Table()
    watch = start(table)

    table.values["x"] = 1
    first, second = watch.end(), watch.end()

    assert get_culprits(first) == [("x", None)]
    assert first[0].is_restored
    assert table.values == {}
    assert second == []


def test_accepted_resource_is_taken_as_it_is_and_the_others_are_not() -> None:
    table, other = Table(), Table("other")
    watch = start(table, other)

    table.values["x"] = other.values["y"] = 1
    watch.accept("table")

    assert get_culprits(watch.end()) == [("y", None)]
    assert table.values == {"x": 1}


def test_nothing_is_accepted_before_the_first_test() -> None:
    watch = Watch([Table()])

    watch.accept("table")

    assert watch.end() == []


def test_change_that_is_not_put_back_is_the_new_state() -> None:
    table = Table()
    watch = start(table, is_restoring=False)

    table.values["x"] = 1

    assert get_culprits(watch.end()) == [("x", None)]
    assert table.values == {"x": 1}
    assert watch.end() == []


def test_change_of_a_wide_fixture_is_credited_until_it_ends() -> None:
    table = Table()
    watch = start(table)

    set_up(watch, table, "x")
    during = watch.end()
    watch.begin()
    finish(watch, table, "x")

    assert during == []
    assert watch.end() == []


def test_fixture_that_does_not_undo_its_change_is_blamed() -> None:
    table = Table()
    watch = start(table)
    set_up(watch, table, "x")
    watch.end()

    watch.begin()
    finish(watch, table, None)

    assert get_culprits(watch.end()) == [("x", "fixture1")]


def test_change_made_by_a_finaliser_is_blamed_on_its_fixture() -> None:
    table = Table()
    watch = start(table)
    set_up(watch, table, "x")
    watch.end()

    watch.begin()
    watch.enter_fixture(1)
    table.values["late"] = table.values.pop("x")
    watch.leave_finaliser(1)

    assert get_culprits(watch.end()) == [("late", "fixture1")]


def test_fixture_set_up_within_another_has_its_own_credit() -> None:
    table = Table()
    watch = start(table)
    watch.enter_fixture(1)
    set_up(watch, table, "inner", fixture=2)
    watch.leave_set_up(1, "fixture1")
    watch.end()

    watch.begin()
    finish(watch, table, None, fixture=1)
    during = watch.end()
    watch.begin()
    finish(watch, table, None, fixture=2)

    assert during == []
    assert get_culprits(watch.end()) == [("inner", "fixture2")]


def test_test_that_changes_what_a_fixture_set_is_blamed_itself() -> None:
    table = Table()
    watch = start(table)
    set_up(watch, table, "x")
    watch.end()

    watch.begin()
    table.values["x"] = "other"

    assert get_culprits(watch.end()) == [("x", None)]


def test_second_tier_is_compared_on_demand_only() -> None:
    table = Table(tier=2)
    watch = start(table)
    table.values["unwatched"] = 1
    unwatched = watch.end()

    watch.begin(is_deep=True)
    table.values["watched"] = 1

    assert unwatched == []
    assert get_culprits(watch.end()) == [("watched", None)]


def test_fixture_set_up_unwatched_spoils_no_watched_test() -> None:
    table = Table(tier=2)
    watch = start(table)
    set_up(watch, table, "x")
    watch.end()

    watch.begin(is_deep=True)
    finish(watch, table, "x")

    assert watch.end() == []


def test_what_plugins_change_around_a_test_is_no_leak() -> None:
    table = Table()
    table.is_bracketed = True
    watch = start(table)
    watch.end()

    table.values["plugin"] = 1
    watch.begin()

    assert watch.end() == []


def test_fixture_need_not_undo_what_is_lawful(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table()
    watch = start(table)
    with monkeypatch.context() as patch:
        patch.setattr(Table, "is_lawful", lambda *_: True)
        set_up(watch, table, "lazy")
        watch.end()

    watch.begin()
    finish(watch, table, None)

    assert watch.end() == []


def test_fixture_that_both_tiers_saw_may_end_where_one_looks() -> None:
    table, other = Table(tier=2), Table("other")
    watch = Watch([other, table])
    watch.begin(is_deep=True)
    set_up(watch, table, "x")
    watch.end()

    watch.begin()
    finish(watch, table, "x")

    assert watch.end() == []


def test_forgotten_state_is_read_anew() -> None:
    table = Table()
    watch = start(table)
    table.values["x"] = 1

    watch.forget()
    before = watch.end()
    watch.begin()

    assert before == watch.end() == []
