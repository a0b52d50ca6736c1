from dataclasses import fields

import pytest

from tests.infra.errors import SettingError
from tests.infra.hunting.conditions import (
    HELP,
    ORDINARY,
    TYPES,
    Conditions,
    build_conditions,
    read_conditions,
)

FULL = Conditions(
    seed=3,
    zone="Asia/Kathmandu",
    locale="C.UTF-8",
    clock="frozen",
    own_waits=0.05,
    other_waits=10.0,
    timeouts=0.05,
    haste=50.0,
    threads="in-line",
    pauses=7,
    listing=2,
    pid=4711,
    network="cut",
    descriptors=12,
)


def test_every_condition_has_a_type_and_an_explanation() -> None:
    names = [field.name for field in fields(Conditions)]

    assert list(TYPES) == list(HELP) == names


def test_texts_and_data_come_back_as_the_same_conditions() -> None:
    assert len(FULL.render()) == len(fields(Conditions))
    assert read_conditions(FULL.render()) == FULL
    assert build_conditions(FULL.to_data()) == FULL


def test_what_is_as_ever_is_not_told() -> None:
    assert ORDINARY.render() == []
    assert ORDINARY.to_data() == {}
    assert Conditions(seed=3, own_waits=0.5).render() == ["seed=3", "own_waits=0.5"]


@pytest.mark.parametrize(
    ("texts", "problem", "way_out"),
    [
        (["moon=full"], "names no condition", "give one of seed, zone"),
        (["seed"], "is no whole number above 0", "seed: numbers drawn"),
        (["seed=x"], "is no whole number above 0", "seed: numbers drawn"),
        (["pid=-3"], "is no whole number above 0", "process id"),
        (["descriptors=1.5"], "is no whole number above 0", "files may be open"),
        (["haste=0"], "is no number above 0", "as much time"),
        (["own_waits=nan"], "is no number above 0", "sleeps and waits"),
        (["other_waits=inf"], "is no number above 0", "those of other threads"),
        (["zone="], "has no value", "give time zone, such as"),
        (["threads=fast"], "is no value", "give interleaved or in-line"),
        (["network=on"], "is no value", "give cut or slow"),
        (["seed=1", "seed=2"], "is given twice", "give it once"),
        (["pauses=1", "threads=interleaved"], "excludes pauses", "give pauses or"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_bad_text_is_refused_with_the_way_out(texts: list[str], problem: str, way_out: str) -> None:
    with pytest.raises(SettingError) as caught:
        read_conditions(texts)

    assert problem in str(caught.value)
    assert way_out in str(caught.value)
