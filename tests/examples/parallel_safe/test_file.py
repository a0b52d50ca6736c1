"""Writes into a directory of its own."""

from pathlib import Path

import pytest


@pytest.mark.parametrize("month", ["January", "February"])
def test_report_names_the_month(month: str, isolated_temp_dir: Path) -> None:
    report = isolated_temp_dir / "report.txt"

    report.write_text(f"sales of {month}", encoding="utf-8")

    assert report.read_text(encoding="utf-8") == f"sales of {month}"
