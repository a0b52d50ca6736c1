import sys
import types

import pytest
from app import plots


def test_without_the_plotting_package():
    assert plots.describe() == "text only"


def test_summary():
    assert plots.summary([1, 5, 2]) == "3 values, at most 5"


def test_summary_of_nothing():
    with pytest.raises(ValueError, match="empty"):
        plots.summary([])


def test_stub_by_monkeypatch(monkeypatch):
    monkeypatch.setitem(sys.modules, "plotting_of_ours", types.ModuleType("plotting_of_ours"))
    assert plots.has_plots()


def test_blocked_by_monkeypatch(monkeypatch):
    monkeypatch.setitem(sys.modules, "plotting_of_ours", None)
    assert not plots.has_plots()


def test_with_the_plotting_package():
    sys.modules["plotting_of_ours"] = types.ModuleType("plotting_of_ours")
    assert plots.describe() == "plots"
