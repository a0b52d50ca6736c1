"""Suites whose runs are predicted: this repository's own, one that sleeps, one that computes."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

INI: Final = """\
[pytest]
{own}
markers =
    unit: a test of one operation.
    integration: a test of a workflow.
    slow: a test that waits.
    serial: a test beside which nothing runs.
"""

SLEEPING: Final = """
    import time

    import pytest

    pytestmark = pytest.mark.{mark}

    @pytest.mark.parametrize("number", range({count}))
    def test_{mark}(number):
        time.sleep({seconds} * (1 + number % 3))
"""

COMPUTING: Final = """
    import pytest

    @pytest.mark.unit
    @pytest.mark.parametrize("number", range(60))
    def test_sum(number):
        assert sum(i * i for i in range(400_000 + 100_000 * (number % 5)))
"""


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite that is run where it lies."""

    name: str
    directory: Path
    arguments: Sequence[str] = ()


def write_suites(directory: Path) -> list[Suite]:
    """Write the two synthetic suites."""
    sleeping = [
        SLEEPING.format(mark=mark, count=count, seconds=seconds)
        for mark, count, seconds in (
            ("unit", 60, 0.02),
            ("integration", 30, 0.08),
            ("slow", 3, 0.2),
            ("serial", 2, 0.1),
        )
    ]
    return [
        _write(directory / "sleeping", "sleeping tests with lanes", sleeping),
        _write(directory / "computing", "tests that compute", [COMPUTING]),
    ]


def _write(directory: Path, name: str, modules: Sequence[str]) -> Suite:
    directory.mkdir()
    for number, text in enumerate(modules):
        path = directory / f"test_{number}.py"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    (directory / "conftest.py").write_text('pytest_plugins = ["tests.infra.plugin"]\n')
    (directory / "pytest.ini").write_text(INI.format(own=""))
    (directory / "pytest-parallel.ini").write_text(INI.format(own="warm_start = on"))
    return Suite(name, directory)
