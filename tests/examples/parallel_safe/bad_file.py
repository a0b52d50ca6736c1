"""Writes where every worker writes."""

import tempfile
from pathlib import Path

import pytest

REPORT = Path(tempfile.gettempdir()) / "report-of-the-shop.txt"


@pytest.mark.parametrize("month", ["January", "February"])
def test_report_names_the_month(month: str) -> None:
    REPORT.write_text(f"sales of {month}", encoding="utf-8")

    assert REPORT.read_text(encoding="utf-8") == f"sales of {month}"
