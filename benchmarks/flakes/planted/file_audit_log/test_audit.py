from app import audit


def test_every_change_is_logged():
    before = audit.count()
    for change in ("create", "update", "delete"):
        audit.record(change)
    assert audit.count() - before == 3


def test_no_log_no_lines(tmp_path):
    assert audit.count(tmp_path / "log") == 0


def test_seal_comes_first(tmp_path):
    audit.record("x", tmp_path / "log")
    assert (tmp_path / "log").read_text().split()[1] == "x"
