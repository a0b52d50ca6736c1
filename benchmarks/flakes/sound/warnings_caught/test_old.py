import warnings

import pytest
from app import old


def test_warns():
    with pytest.warns(DeprecationWarning, match="new_name"):
        old.old_name(1)


def test_still_works():
    with pytest.deprecated_call():
        assert old.old_name(2) == 4


def test_warns_each_time():
    for _ in range(2):
        with pytest.warns(DeprecationWarning):
            old.old_name(1)


def test_new_name_is_silent(recwarn):
    old.new_name(1)
    assert len(recwarn) == 0


def test_strictly():
    with pytest.raises(DeprecationWarning):
        old.strictly(lambda: old.old_name(1))


def test_filters_are_kept():
    before = list(warnings.filters)
    old.strictly(lambda: 1)
    assert warnings.filters == before


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_ignored():
    assert old.old_name(3) == 6


def test_recorded():
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        old.old_name(1)
    assert len(found) == 1


@pytest.mark.parametrize("value", ["a", [1]])
def test_values(value):
    assert old.new_name(value) == value + value
