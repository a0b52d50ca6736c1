import random

import pytest
from app.radio import Radio

TRACKS = ("blue", "green", "red", "white")


def test_nothing_plays_at_first():
    assert Radio(TRACKS).playing is None


def test_next_track_is_another_one():
    radio = Radio(TRACKS)
    before = radio.next()
    assert radio.next() != before


def test_next_track_is_known():
    assert Radio(TRACKS).next() in TRACKS


def test_next_track_plays():
    radio = Radio(TRACKS)
    assert radio.next() == radio.playing


def test_draw_can_be_chosen():
    assert Radio(TRACKS, draw=lambda tracks: tracks[-1]).next() == "white"


@pytest.mark.parametrize("seed", [1, 2])
def test_seeded_radio_repeats(seed):
    heard = [
        [radio.next() for _ in range(5)]
        for radio in (Radio(TRACKS, random.Random(seed).choice) for _ in range(2))
    ]
    assert heard[0] == heard[1]
