"""Holds what the tests of the double share: inner runs that don't compile it anew each time."""

import pytest


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """The fixture of pytest; where writing bytecode is forbidden, each run takes seconds more."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    return pytester
