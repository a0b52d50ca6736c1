import os
from dataclasses import replace

import pytest

from tests.infra.circumstances import (
    Circumstances,
    build_variables,
    is_told,
    read_circumstances,
)


def test_only_named_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_TIME", "C")
    monkeypatch.setenv("PROXMOX_TOKEN", "secret")
    monkeypatch.setenv("PYTHONHASHSEED", "1")

    variables = read_circumstances().variables

    assert variables["LC_TIME"] == "C"
    assert not {"PROXMOX_TOKEN", "PYTHONHASHSEED"} & set(variables)
    assert all(map(is_told, variables))


def test_umask_is_read_and_left() -> None:
    before = os.umask(0o027)
    try:
        assert read_circumstances().umask == 0o027
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


def test_differences_are_told_one_by_one() -> None:
    then = Circumstances({"python": "3.11"}, {"TZ": "UTC"}, 0o022, "UTC/UTC", "C")
    now = replace(then, versions={"python": "3.12"}, variables={"LANG": "C"}, umask=0o077)

    assert then.list_differences(then) == []
    assert then.list_differences(now) == [
        "python was 3.11, is 3.12",
        "LANG was not set, is C",
        "TZ was UTC, is not set",
        "umask was 022, is 077",
    ]


def test_recorded_variables_take_the_place_of_others_but_for_places() -> None:
    recorded = {"TZ": "Asia/Tokyo", "PYTHONPATH": "/ci"}
    environ = {"TZ": "UTC", "LANG": "C", "PYTHONPATH": "/here", "HOME": "/home"}

    built = build_variables(recorded, environ)

    assert built == {"TZ": "Asia/Tokyo", "PYTHONPATH": "/here", "HOME": "/home"}


def test_circumstances_survive_json() -> None:
    circumstances = read_circumstances()

    assert Circumstances.from_object(circumstances.to_object()) == circumstances
