from app.bundle import artifacts, bundle


def test_clean_build_has_no_artifacts(build):
    assert artifacts(build) == []


def test_bundle_joins_parts(tmp_path):
    assert bundle(["a", "b"], tmp_path).read_text() == "a;\nb"


def test_bundle_has_a_name(tmp_path):
    assert bundle([], tmp_path, "vendor.js").name == "vendor.js"


def test_artifacts_are_sorted(tmp_path):
    bundle([], tmp_path, "b.js")
    bundle([], tmp_path, "a.js")
    assert artifacts(tmp_path) == ["a.js", "b.js"]


def test_build_writes_the_bundle(build):
    assert bundle(["x"], build).exists()


def test_other_files_are_no_artifacts(build):
    note = build / "note.txt"
    note.write_text("x")
    assert "note.txt" not in artifacts(build)
