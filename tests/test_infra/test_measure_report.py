"""The report of a campaign: its keys, its text, its picture, and against an older one."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.infra.errors import SettingError
from tests.infra.history import History, Past
from tests.infra.measuring.campaign import Wish
from tests.infra.measuring.drawing import BAR, choose_step, draw_report
from tests.infra.measuring.regression import compare_reports, parse_share, read_report
from tests.infra.measuring.rendering import render_report
from tests.infra.measuring.report import Report
from tests.infra.records import Routing
from tests.test_infra.measurings import PASSED, FakeRuns, make_report

TIMES: Mapping[int | str, Sequence[float]] = {0: [10.0], 2: [5.0], 4: [12.0]}
WISH = Wish(("t.py",), workers=(2, 4), rounds=5)


@pytest.fixture
def report() -> Report:
    """Two workers halve the time, four lengthen it; one category."""
    return make_report(FakeRuns(TIMES, markers={"unit": 2}), WISH)


# Any: a report is JSON of any shape.
def read_data(report: Report) -> Any:
    return json.loads(json.dumps(report.to_data()))


def test_keys_are_those_that_other_programs_read(report: Report) -> None:
    data = read_data(report)

    assert data["baseline"]["wall_s"] == 10
    assert {count: one["wall_s"] for count, one in data["parallel"].items()} == {"2": 5, "4": 12}
    two = data["analysis"]["2"]
    assert (two["percentage"], two["time_saved"], two["speedup_factor"]) == (50, 5, 2)
    assert [one["verdict"] for one in data["analysis"].values()] == ["faster", "slower"]
    assert data["categories"]["unit"]["analysis"]["speedup_factor"] == 2
    assert data["left_out"] == ["integration", "slow"]
    assert len(data["runs"]) == 5 * 5


def test_a_lane_bounds_the_gain() -> None:
    laned = Past(routing=Routing(lanes=("slow",)))
    history = History(tests=dict.fromkeys(PASSED, laned), widths={"slow": 1})

    bound = read_data(make_report(FakeRuns(TIMES), WISH, history))["bound"]

    # The least that either test was seen to take is 3 s, of 5 s on two workers; around are 2 s.
    assert bound["by_workers"]["2"]["total_s"] == 8.0
    assert "lane slow: 6.0 s" in bound["by_workers"]["2"]["words"]


def test_text_tells_gain_loss_and_bound(report: Report) -> None:
    text = render_report(report)

    assert re.search(r"\n-n 2 +2 +5.00 s +5.00 - 5.00 +1.00 s +3.00 s +100 MiB  faster", text)
    assert "faster: 2.00x (2.00 - 2.00), 50%, 5.0 s saved" in text
    assert "slower: 0.83x (0.83 - 0.83), 20%, 2.0 s lost" in text
    assert "Left out, as no test is of them: integration, slow." in text
    assert "5 rounds after a warm-up; 2 cores, Python 3.11.7" in text


def test_text_says_when_rounds_are_too_few_or_too_unsteady() -> None:
    few = make_report(FakeRuns(TIMES), Wish(rounds=2, workers=(2,)))
    wild = make_report(FakeRuns({0: [10.0], 2: [3.0, 9.0] * 9}), Wish(rounds=5, workers=(2,)))

    assert "5 are the fewest" in render_report(few)
    assert "Medians not known within 10%: -n 2; " in render_report(wild)


def test_text_names_tests_that_differ_and_the_command() -> None:
    runs = FakeRuns(TIMES, broken={4: {**PASSED, "t.py::test_b": "failed"}})

    report = make_report(runs, WISH)

    text = render_report(report)
    assert report.has_differences
    assert read_data(report)["analysis"]["4"]["percentage"] is None
    assert "  t.py::test_b: in one process passed, on workers failed\n" in text
    assert "  again: pytest -n 4" in text
    assert "outcomes differ: not compared" in text


def test_picture_is_sound_and_inside_its_frame(report: Report) -> None:
    root = ET.fromstring(draw_report(report))

    space = "{http://www.w3.org/2000/svg}"
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    bars = [one for one in root.iter(f"{space}rect") if one.get("class") in ("start", "tests")]
    assert len([one for one in bars if one.get("class") == "tests"]) == 5 + 1
    assert all(float(one.attrib["x"]) + float(one.attrib["width"]) <= width for one in bars)
    assert all(float(one.attrib["y"]) <= height for one in root.iter(f"{space}text"))
    assert len([one for one in root.iter(f"{space}line") if one.get("class") == "bound"]) == 3 + 1


def test_bars_are_as_long_as_their_times(report: Report) -> None:
    root = ET.fromstring(draw_report(report))

    ranges = [one for one in root.iter() if one.get("class") == "range"]
    lefts = [float(str(one.get("d")).split()[0].removeprefix("M")) for one in ranges[:3]]
    zero = min(float(one.attrib["x"]) for one in root.iter() if one.get("height") == str(BAR))
    one_process, two, four = (left - zero for left in lefts)
    assert two / one_process == pytest.approx(0.5, abs=0.01)
    assert four / one_process == pytest.approx(1.2, abs=0.01)


@pytest.mark.parametrize(("least", "step"), [(0.013, 0.02), (1.0, 1.0), (3.0, 5.0), (7.0, 10.0)])
def test_ticks_are_round(least: float, step: float) -> None:
    assert choose_step(least) == pytest.approx(step)


# Any: a report is JSON of any shape.
def make_old(**changed: Any) -> Mapping[str, Any]:
    parallel = {"2": {"wall_s": 4.0, "test_count": 2}, "8": {"wall_s": 1.0}}
    machine = {"cores": 2, "python": "3.11.7", "pytest": "9.2.0", "xdist": "3.8.0"}
    return {"parallel": parallel, "machine": machine, "command": ["t.py"], **changed}


@pytest.mark.parametrize(("tolerance", "is_worse"), [(0.2, True), (0.25, False)])
def test_slower_by_more_than_tolerated_is_a_regression(
    report: Report, tolerance: float, is_worse: bool
) -> None:
    regression = compare_reports(make_old(), report.to_data(), tolerance=tolerance)

    assert regression.is_worse is is_worse
    assert [(one.workers, one.share) for one in regression.changes] == [("2", 0.25)]
    assert "-n 2: 4.00 s before, 5.00 s now (+25%, " in regression.render()
    assert regression.notes == ()


def test_another_machine_and_other_tests_are_told(report: Report) -> None:
    machine = {"cores": 8, "python": "3.11.7", "pytest": "9.2.0", "xdist": "3.8.0"}
    parallel = {"2": {"wall_s": 9.0, "test_count": 7}}

    old = make_old(machine=machine, parallel=parallel, command=[])
    text = compare_reports(old, report.to_data(), tolerance=0.2).render()

    assert "note: cores was 8, and is 2: another machine or other versions" in text
    assert "note: the command was another one" in text
    assert "note: 7 tests then, 2 now" in text


def test_reports_without_a_number_of_workers_in_common_are_refused(report: Report) -> None:
    with pytest.raises(SettingError, match="has none of the numbers of workers measured now"):
        compare_reports(make_old(parallel={"8": {}}), report.to_data(), tolerance=0.2)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"parallel": {"2": {"wall_s": 0}}, "machine": {}}']
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "old.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(SettingError, match="is no report"):
        read_report(path)


@pytest.mark.parametrize(("text", "share"), [("20%", 0.2), ("0.2", 0.2), (" 5 %", 0.05)])
def test_a_share_is_read(text: str, share: float) -> None:
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "many", "-5%", "20%x", "20", "nan"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="is no share"):
        parse_share(text)
