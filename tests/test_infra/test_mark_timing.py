"""What tests take: read from the history, and from a stopwatch whose pytest is a shell script."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.infra.archive import DURATIONS_FILE
from tests.infra.errors import CollectionFailedError
from tests.infra.marking import timing
from tests.infra.marking.categories import Borders, Timing

SetPytest = Callable[..., Path]


def make_lap(duration_s: float, *, outcome: str = "passed", waited_s: float = 0.0) -> object:
    lap = {"duration_s": duration_s, "waited_s": waited_s, "connections": 0, "processes": 1}
    return {**lap, "outcome": outcome}


@pytest.fixture
def set_pytest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SetPytest:
    """Put in the place of pytest what writes such times; return where it notes its arguments."""

    def put(laps: Mapping[str, object] | None, *, code: int = 0) -> Path:
        (tmp_path / "laps.json").write_text(json.dumps(laps))
        script, noted = tmp_path / "interpreter", tmp_path / "noted"
        copy = f"cp {tmp_path}/laps.json ${{word#--stopwatch=}}" if laps is not None else "true"
        show = f"cat ${{word#--stopwatch-only=}} >> {noted}; echo >> {noted}"
        script.write_text(
            '#!/bin/sh\nfor word in "$@"; do case "$word" in\n'
            f"--stopwatch=*) {copy};;\n--stopwatch-only=*) {show};;\n"
            f"esac; done\necho it said why\nexit {code}\n"
        )
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))
        return noted

    return put


def measure() -> tuple[dict[str, Timing], list[str]]:
    """Measure; return that and what was told on the way."""
    told: list[str] = []
    found, took_s = timing.measure([], Borders(), SimpleNamespace(tell=told.append))
    assert took_s > 0
    return found, told


def test_tests_near_a_border_are_measured_again_the_other_way_round(
    set_pytest: SetPytest,
) -> None:
    quick, near, late = make_lap(0.001), make_lap(0.08), make_lap(0.3)
    noted = set_pytest({"quick": quick, "near": near, "late": late})

    found, told = measure()

    again = [json.loads(line) for line in noted.read_text().splitlines()]
    assert again == [["late", "near"], ["near", "late"]]
    assert found["near"].durations_s == (0.08,) * 3
    assert told[0].startswith("measured 3 tests in ")
    assert told[1] == "measured 2 tests near a border 2 times more"


def test_tests_far_from_borders_are_measured_once(set_pytest: SetPytest) -> None:
    noted = set_pytest({"quick": make_lap(0.001), "skips": make_lap(0.0, outcome="skipped")})

    found, told = measure()

    assert not noted.exists()
    assert len(told) == 1
    assert found["skips"] == Timing((), None, 0, 1, is_skipped=True)


@pytest.mark.parametrize(
    ("laps", "code"), [(None, 1), ({}, 2), ({}, 4)], ids=["no-times", "interrupted", "usage"]
)
def test_suite_that_could_not_run_tells_why(
    set_pytest: SetPytest, laps: Mapping[str, object] | None, code: int
) -> None:
    set_pytest(laps, code=code)

    with pytest.raises(CollectionFailedError, match="it said why"):
        measure()


def test_suite_without_tests_has_no_times(set_pytest: SetPytest) -> None:
    set_pytest({}, code=5)

    assert measure()[0] == {}


def test_least_of_what_was_heard_counts() -> None:
    first = {"a": Timing((1.0,), 0.5, 2, 1), "b": Timing((), None, is_skipped=True)}
    second = {"a": Timing((3.0,), 0.2, 1, 4), "c": Timing((2.0,))}

    joined = timing.join(first, second)

    assert joined["a"] == Timing((1.0, 3.0), 0.2, 1, 1)
    assert joined["b"].is_skipped
    assert joined["c"].durations_s == (2.0,)


def test_durations_file_of_another_plugin_is_read(tmp_path: Path) -> None:
    (tmp_path / DURATIONS_FILE).write_text(json.dumps({"t.py::test_a": 0.25}), encoding="utf-8")
    plugins = SimpleNamespace(hasplugin=lambda _name: False)
    # Any: it stands in for pytest's own, which is final.
    config: Any = SimpleNamespace(
        rootpath=tmp_path, pluginmanager=plugins, getoption=lambda _name, default: default
    )

    assert timing.read_timings(config) == {"t.py::test_a": Timing((0.25,))}
