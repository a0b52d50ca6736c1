"""Sets a variable for itself."""

import os

import pytest


def test_region_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_REGION", "eu")

    assert os.environ.get("SHOP_REGION", "us") == "eu"


def test_region_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_REGION", raising=False)

    assert os.environ.get("SHOP_REGION", "us") == "us"
