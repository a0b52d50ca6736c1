"""Runs of a suite by a recipe: which order, beside what, with what environment and load.

Which recipes there are is left to `expected` and `plants`.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flakes.expected import TABLE, Recipe

RECORDING: Final = Path(__file__).parent / "recording"
TIMEOUT_S: Final = 120
BUSY: Final = "while True: pass"
DROPPED: Final = ("PYTEST_", "PYTHONHASHSEED", "PROXMOX_TEST_", "COV_", "TZ", "LC_", "LANG")
INI: Final = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
OPTIONS: Final = (
    "-q", "-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin", "-p", "order_recorder"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one test in one run of it."""

    nodeid: str
    passed: bool
    text: str


class SuiteFailedError(Exception):
    """A run of pytest ended without saying what became of the tests."""

    def __init__(self, place: Path, output: str) -> None:
        super().__init__(place, output)
        self.place = place
        self.output = output

    def __str__(self) -> str:
        return f"pytest in {self.place} reported nothing:\n{self.output}"


@contextlib.contextmanager
def placed(suite: Path, ini: str = INI) -> Iterator[Path]:
    """Copy a suite into a fresh directory, with settings and a temp directory of its own."""
    with tempfile.TemporaryDirectory(prefix="flakes-", ignore_cleanup_errors=True) as name:
        place = copy_suite(suite, Path(name) / suite.name, ini)
        yield place


def copy_suite(suite: Path, place: Path, ini: str) -> Path:
    """Copy a suite without the table of what is planted in it."""
    ignored = shutil.ignore_patterns(TABLE, "__pycache__", ".pytest_cache")
    shutil.copytree(suite, place, ignore=ignored)
    (place / "pytest.ini").write_text(ini)
    (place.parent / "tmp").mkdir()
    return place


def build_environ(place: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a run in `place`: nothing in it steers pytest or the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
    return {**kept, "TMPDIR": str(place.parent / "tmp"), **more}


@contextlib.contextmanager
def loaded(count: int) -> Iterator[None]:
    """Keep the processors busy with so many processes."""
    hogs = [subprocess.Popen([sys.executable, "-S", "-c", BUSY]) for _ in range(count)]
    try:
        if hogs:
            time.sleep(0.3)  # until they run
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def run_recipe(place: Path, recipe: Recipe, number: int = 0) -> list[Outcome]:
    """Run the suite once by the recipe; return what its first process saw."""
    env = dict(recipe.env)
    if recipe.env_each:
        env[recipe.env_each] = str(number)
    lists = [recipe.order, recipe.beside] if recipe.beside else [recipe.order]
    meeting = place.parent / f"meeting-{uuid.uuid4().hex}"
    meeting.mkdir()
    shared = {"repeat": recipe.repeat, "meeting": str(meeting), "parties": len(lists)}
    with loaded(recipe.load):
        started = [_start(place, recipe.args, {**shared, "order": order}, env) for order in lists]
        outcomes = [_finish(place, *one) for one in started]
    return outcomes[0]


def list_tests(place: Path, args: Sequence[str] = ()) -> list[str]:
    """List the suite's node ids in their natural order."""
    return [one.nodeid for one in run_recipe(place, Recipe(args=tuple(args)))]


def has_failed(outcomes: Sequence[Outcome], test: str, says: str) -> bool:
    """Tell whether the test failed at least once, in the way that is said."""
    failures = [one for one in outcomes if one.nodeid == test and not one.passed]
    return any(re.search(says, one.text) for one in failures)


def _start(
    place: Path, args: Sequence[str], steering: Mapping[str, object], env: Mapping[str, str]
) -> tuple["subprocess.Popen[str]", Path]:
    file = place.parent / f"steering-{uuid.uuid4().hex}.json"
    report = file.with_suffix(".report")
    file.write_text(json.dumps({**steering, "report": str(report)}))
    more = {
        **env,
        "PYTHONPATH": str(RECORDING),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "FLAKES_STEERING": str(file),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *OPTIONS, *args],
        cwd=place,
        env=build_environ(place, more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return process, report


def _finish(place: Path, process: "subprocess.Popen[str]", report: Path) -> list[Outcome]:
    try:
        output, _ = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
    if not report.exists():
        raise SuiteFailedError(place, output)
    return [Outcome(**one) for one in json.loads(report.read_text())]
