import datetime

from app import diary

NOON = datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.timezone.utc)


def test_entry_is_of_today():
    assert diary.entry("hello")["date"] == datetime.date.today()


def test_entry_has_a_text():
    assert diary.entry("hello")["text"] == "hello"


def test_entry_at_noon():
    assert diary.entry("x", NOON)["date"] == datetime.date(2024, 5, 1)


def test_older():
    later = NOON + datetime.timedelta(days=1)
    assert diary.is_older(diary.entry("x", NOON), diary.entry("y", later))


def test_same_day_is_not_older():
    later = NOON + datetime.timedelta(hours=3)
    assert not diary.is_older(diary.entry("x", NOON), diary.entry("y", later))
