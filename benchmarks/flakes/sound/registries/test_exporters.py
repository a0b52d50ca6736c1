from unittest import mock

import pytest
from app import exporters


@pytest.fixture
def own_exporters(monkeypatch):
    made = dict(exporters.EXPORTERS)
    monkeypatch.setattr(exporters, "EXPORTERS", made)
    return made


@pytest.fixture
def own_subclasses():
    kept = list(exporters.Exporter.subclasses)
    yield exporters.Exporter.subclasses
    exporters.Exporter.subclasses[:] = kept


def test_known_exporters():
    assert sorted(exporters.EXPORTERS) == ["csv", "text"]


def test_csv():
    assert exporters.to_csv([(1, 2), (3, 4)]) == "1,2\n3,4"


def test_text():
    assert exporters.to_text([("a", "b")]) == "a\tb"


def test_registered(own_exporters):
    exporters.exporter("none")(lambda rows: "")
    assert own_exporters["none"]([]) == ""


def test_replaced(own_exporters):
    exporters.exporter("csv")(len)
    assert own_exporters["csv"]([1, 2]) == 2


def test_removed(own_exporters):
    own_exporters.clear()
    assert exporters.EXPORTERS == {}


def test_patched():
    with mock.patch.dict(exporters.EXPORTERS, html=str):
        assert "html" in exporters.EXPORTERS


def test_no_subclass():
    assert exporters.Exporter.subclasses == []


def test_subclass(own_subclasses):
    class Json(exporters.Exporter):
        pass

    assert own_subclasses == [Json.__name__]


def test_unknown_exporter():
    with pytest.raises(KeyError):
        exporters.EXPORTERS["yaml"]
