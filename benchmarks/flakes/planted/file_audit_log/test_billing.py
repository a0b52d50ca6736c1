from app import audit


def test_invoices_are_logged():
    before = audit.count()
    audit.record("invoice 1")
    audit.record("invoice 2")
    assert audit.count() == before + 2


def test_same_text_same_seal(tmp_path):
    audit.record("x", tmp_path / "log")
    audit.record("x", tmp_path / "log")
    assert len(set((tmp_path / "log").read_text().splitlines())) == 1


def test_two_logs(tmp_path):
    audit.record("x", tmp_path / "a")
    assert audit.count(tmp_path / "b") == 0
