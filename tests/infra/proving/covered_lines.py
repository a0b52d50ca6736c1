"""Compares which lines were covered in one process and in several; needs coverage's own reader."""

import importlib
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .process import Ending, Result


def compare_coverage(results: Sequence[Result]) -> Sequence[str] | None:
    """Return what differs, file by file; None where nothing was measured, or not both ways."""
    measured = [one for one in results if one.data_file and one.ending is Ending.COMPLETE]
    whole = [one for one in measured if not one.item.only and not one.item.without]
    serial = next((one for one in whole if one.item.is_serial), None)
    parallel = next((one for one in whole if not one.item.is_serial), None)
    if serial is None or parallel is None or not importlib.util.find_spec("coverage"):
        return None
    return list(compare_lines(_read_lines(serial.data_file), _read_lines(parallel.data_file)))


def compare_lines(
    serial: Mapping[str, frozenset[int]], parallel: Mapping[str, frozenset[int]]
) -> Iterator[str]:
    """Yield the files whose covered lines differ, and the lines."""
    for file in sorted({*serial, *parallel}):
        one, other = serial.get(file, frozenset()), parallel.get(file, frozenset())
        if lost := sorted(one - other):
            yield f"{file}: not in parallel: {', '.join(map(str, lost))}"
        if new := sorted(other - one):
            yield f"{file}: only in parallel: {', '.join(map(str, new))}"


def _read_lines(path: Path | None) -> dict[str, frozenset[int]]:
    data = importlib.import_module("coverage").CoverageData(basename=str(path))
    data.read()
    return {str(file): frozenset(data.lines(file) or ()) for file in data.measured_files()}
