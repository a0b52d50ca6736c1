from app import report


def test_january_report():
    path = report.write("January", ["a", "b"])
    lines = report.check(path)
    assert (path.read_text().split()[0], lines) == ("January", 3)


def test_empty_report(tmp_path):
    assert report.write("January", [], tmp_path).read_text() == "January\n"


def test_report_is_checked(tmp_path):
    assert report.check(report.write("January", ["x"], tmp_path)) == 2
