"""The two configurations say the same, but for the parallel keys."""

import re
from pathlib import Path

import iniconfig
import pytest

from tests.infra import options

ROOT = Path(__file__).parents[2]

PARALLEL_ADDOPTS = ["-n", "auto", "--dist", "loadgroup"]
PARALLEL_KEYS = {
    "warm_start",
    "warm_packages",
    "worker_log_file",
    "log_level",
    "log_format",
    "log_file_format",
    "log_file_date_format",
}


def read_ini(name: str) -> dict[str, str]:
    ini = iniconfig.IniConfig(str(ROOT / name))
    assert list(ini.sections) == ["pytest"]
    return dict(ini.sections["pytest"])


def test_both_files_have_the_same_keys_but_the_parallel_ones() -> None:
    sequential, parallel = read_ini("pytest.ini"), read_ini("pytest-parallel.ini")

    assert set(parallel) - set(sequential) == PARALLEL_KEYS
    assert set(sequential) <= set(parallel)


def test_every_common_key_has_the_same_value() -> None:
    sequential, parallel = read_ini("pytest.ini"), read_ini("pytest-parallel.ini")

    for key in set(sequential) - {"addopts"}:
        assert sequential[key] == parallel[key], key


def test_addopts_differ_by_the_parallel_options_only() -> None:
    sequential, parallel = read_ini("pytest.ini"), read_ini("pytest-parallel.ini")

    # `tune --write` puts a number there where it is faster than what `-n auto` chooses.
    addopts = re.sub(r"(?<=-n )\d+", "auto", parallel["addopts"])
    assert addopts.split() == sequential["addopts"].split() + PARALLEL_ADDOPTS


@pytest.mark.parametrize("key", ["worker_log_file", "log_format", "log_file_format"])
def test_parallel_keys_name_the_worker(key: str) -> None:
    assert "{worker_id}" in read_ini("pytest-parallel.ini")[key]


def test_markers_are_the_registered_ones() -> None:
    lines = read_ini("pytest.ini")["markers"].strip().splitlines()

    markers = dict(line.split(": ", 1) for line in lines)
    for own in ("proof", "thread_unsafe(reason)", "real_cluster(or_double=False, allow=())"):
        assert markers.pop(own), "of this project, or of the double's side"
    assert markers == dict(options.MARKERS)


def test_no_pytest_settings_in_pyproject() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    assert "[tool.pytest" not in text
