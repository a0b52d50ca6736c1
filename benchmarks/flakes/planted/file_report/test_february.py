from app import report


def test_february_report():
    path = report.write("February", ["a", "b", "c"])
    lines = report.check(path)
    assert (path.read_text().split()[0], lines) == ("February", 4)


def test_report_has_a_line_per_row(tmp_path):
    path = report.write("February", range(5), tmp_path)
    assert len(path.read_text().splitlines()) == 6


def test_report_replaces(tmp_path):
    report.write("February", ["x"], tmp_path)
    assert report.write("March", [], tmp_path).read_text() == "March\n"
