"""The schedule around a failure, drawn."""

import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.infra.hunting.drawing import SIDE, WIDTH, choose_bars, draw_schedule, spread
from tests.infra.hunting.timescale import LETTER_WIDTH, build_scale, find_step, render_moment
from tests.infra.hunting.verdicts import Bar
from tests.test_infra.hunts import make_bars

SPANS = st.lists(
    st.tuples(st.floats(0, 1e4), st.floats(0, 100)).map(lambda pair: (pair[0], sum(pair))),
    min_size=1,
    max_size=30,
)


@given(SPANS)
def test_later_moments_lie_further_right_within_the_axis(spans: list[tuple[float, float]]) -> None:
    scale = build_scale(spans, left=50.0, right=900.0)

    places = [scale.place(moment) for moment in sorted(m for span in spans for m in span)]

    assert places == sorted(places)
    assert places[0] == pytest.approx(50.0)
    assert places[-1] <= 900.001


@given(SPANS)
def test_labels_of_ticks_do_not_overlap(spans: list[tuple[float, float]]) -> None:
    ticks = list(build_scale(spans, left=50.0, right=900.0).iterate_ticks())

    edges = []
    for tick in ticks:
        half = len(tick.label) * LETTER_WIDTH / 2
        edges += [tick.x - half, tick.x + half]
    assert edges == sorted(edges)
    assert len({tick.label for tick in ticks}) == len(ticks)


def test_long_gap_is_cut_short_and_short_one_is_not() -> None:
    long = build_scale([(0, 1), (501, 502)], left=0, right=900)
    short = build_scale([(0, 1), (1.1, 2)], left=0, right=900)

    assert [stretch.is_gap for stretch in long.stretches] == [False, True, False]
    assert long.place(501) - long.place(1) == pytest.approx(72)
    assert len(short.stretches) == 1


def test_many_gaps_leave_half_of_the_axis_to_the_tests() -> None:
    scale = build_scale([(100.0 * one, 100.0 * one + 1) for one in range(30)], left=0, right=900)

    gaps = sum(one.right - one.left for one in scale.stretches if one.is_gap)
    assert gaps == pytest.approx(450)


@pytest.mark.parametrize(
    ("moment_s", "step_s", "text"),
    [
        (1200, 100, "1,200 s"),
        (1.5, 0.5, "1.5 s"),
        (1.25, 0.05, "1.25 s"),
        (0.125, 0.005, "125 ms"),
        (0.1253, 0.0001, "125.3 ms"),
    ],
)
def test_moment_has_the_digits_of_the_step(moment_s: float, step_s: float, text: str) -> None:
    assert render_moment(moment_s, step_s) == text


def test_step_is_round_and_large_enough() -> None:
    assert [find_step(one) for one in (0.011, 1, 3, 7, 99)] == [0.02, 1, 5, 10, 100]


@given(st.lists(st.floats(0, WIDTH), min_size=1, max_size=20), st.floats(1, 40))
def test_signs_are_moved_apart_and_stay_on_the_drawing(centres: list[float], width: float) -> None:
    widths = [width] * len(centres)

    places = spread(sorted(centres), widths)

    gaps = [right - left for left, right in pairwise(places)]
    assert all(gap >= width - 1e-6 for gap in gaps)
    assert places[-1] <= WIDTH - width / 2 + 1e-6


def test_bars_nearest_to_the_failed_victim_are_chosen() -> None:
    bars = [Bar("gw0", f"t{index}", index, index + 1, "passed") for index in range(400)]
    bars[5] = replace(bars[5], role="polluter")
    bars[150] = replace(bars[150], role="victim")
    bars[300] = replace(bars[300], role="victim", outcome="failed")

    chosen = [bar.nodeid for bar in choose_bars(reversed(bars))]

    near = [f"t{index}" for index in range(300 - SIDE, 300 + SIDE + 1)]
    assert chosen == ["t5", "t150", *near]


def test_drawing_has_a_row_for_each_worker_in_the_order_of_numbers() -> None:
    bars = [Bar(row, row, 0.0, 1.0, "passed") for row in ("gw10", "gw2", "gw0")]

    rows = re.findall(r'class="row"[^>]*>([^<]*)<', draw_schedule(bars).svg)

    assert rows == ["gw0", "gw2", "gw10"]


def test_drawing_is_well_formed_and_names_roles() -> None:
    bars = list(make_bars(200))
    bars[150] = replace(bars[150], nodeid='t.py::test_x[<b>&"\x1b[0m\ud800]', role="polluter")

    drawing = draw_schedule(bars)

    tree = ElementTree.fromstring(drawing.svg)
    signs = [one.text for one in tree.iter("text") if one.get("class") == "sign"]
    assert sorted(filter(None, signs)) == ["P1", "P2", "V"]
    assert [one.sign for one in drawing.named] == ["P1", "P2", "V"]
    assert drawing.drawn + drawing.left_out == 200
    drawing.svg.encode()


def test_bars_lie_where_their_tests_ran() -> None:
    bars = [Bar("gw0", "a", 0, 1, "passed"), Bar("gw1", "b", 1, 3, "failed", "victim")]

    tree = ElementTree.fromstring(draw_schedule(bars).svg)

    first, second = [one for one in tree.iter("rect") if "bar" in one.get("class", "")]
    assert float(second.get("width", 0)) == pytest.approx(2 * float(first.get("width", 0)), abs=0.2)
    assert float(second.get("x", 0)) > float(first.get("x", 0))
    assert second.get("class") == "bar victim failed"


def test_nothing_to_draw_is_no_drawing() -> None:
    assert draw_schedule([]).svg == ""


def test_test_that_took_no_time_is_drawn() -> None:
    drawing = draw_schedule([Bar("master", "a", 1205.0, 1205.0, "failed", "victim")])

    assert 'width="2.0"' in drawing.svg
