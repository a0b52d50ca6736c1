import datetime as dt
from dataclasses import replace

import pytest

from tests.infra.hunting.clocks import POSIX_ZONE
from tests.infra.hunting.conditions import FROZEN, ORDINARY, Conditions, read_conditions
from tests.infra.hunting.levers import LEVERS, Lever


def list_settings(lever: Lever) -> list[Conditions]:
    return [*lever.settings, *([lever.cure] if lever.cure else [])]


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.words.replace(" ", "-"))
def test_lever_changes_one_thing_and_can_be_printed(lever: Lever) -> None:
    assert lever.settings
    for setting in list_settings(lever):
        assert len(replace(setting, seed=0).to_data()) == 1
        assert read_conditions(setting.render()) == setting
        assert setting.zone in ("", ORDINARY.zone) or POSIX_ZONE.fullmatch(setting.zone)


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.words.replace(" ", "-"))
def test_lever_tells_what_it_needs(lever: Lever) -> None:
    has_clock = any(one.clock for one in list_settings(lever))

    assert lever.needs_time_machine is has_clock
    assert bool(lever.cure) is bool(lever.cure_words)
    assert lever.cure not in lever.settings


def test_words_of_levers_differ() -> None:
    assert len({lever.words for lever in LEVERS}) == len(LEVERS)


def test_clocks_are_instants_just_before_the_turn_of_the_year() -> None:
    clocks = [one.clock for lever in LEVERS for one in lever.settings if one.clock]

    for clock in set(clocks) - {FROZEN}:
        instant = dt.datetime.fromisoformat(clock)
        assert dt.timedelta(0) < dt.datetime(2028, 1, 1, tzinfo=dt.UTC) - instant
        assert (instant.year, instant.minute, instant.second) == (2027, 59, 59)
