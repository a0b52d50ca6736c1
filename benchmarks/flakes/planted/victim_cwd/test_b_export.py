import os

from app import mail


def test_export_writes_rows(tmp_path):
    assert mail.export([("a", "b")], tmp_path).read_text() == "a,b"


def test_export_of_nothing(tmp_path):
    assert mail.export([], tmp_path).read_text() == ""


def test_export_into_the_current_directory(tmp_path):
    os.chdir(tmp_path)
    mail.export([("a",), ("b",)])
    assert (tmp_path / "rows.csv").read_text() == "a\nb"


def test_export_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(mail.export([])) == "rows.csv"
