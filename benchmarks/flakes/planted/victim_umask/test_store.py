from app import store


def test_reports_are_readable_for_the_group(tmp_path):
    saved = store.save(tmp_path / "report", "x")
    assert oct(store.mode(saved)) == "0o644"


def test_text_is_saved(tmp_path):
    assert store.save(tmp_path / "report", "x").read_text() == "x"


def test_explicit_mode(tmp_path):
    saved = store.save(tmp_path / "report", "x")
    saved.chmod(0o600)
    assert store.mode(saved) == 0o600
