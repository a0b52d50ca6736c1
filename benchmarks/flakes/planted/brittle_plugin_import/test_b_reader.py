import pytest
from app import reader


def test_reads_plain_text():
    assert reader.read("abc") == "abc"


def test_reads_rot13():
    assert reader.read("nop", "rot13") == "abc"


def test_unknown_encoding():
    with pytest.raises(LookupError, match="rot14"):
        reader.read("x", "rot14")


def test_added_decoder(monkeypatch):
    monkeypatch.setitem(reader.DECODERS, "upper", str.upper)
    assert reader.read("x", "upper") == "X"
