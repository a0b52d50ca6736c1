from app import numbers_format


def test_report_uses_dots():
    assert numbers_format.show(1.5) == "1.5"


def test_report_has_a_line_per_value():
    assert len([numbers_format.show(value) for value in (1, 2, 3)]) == 3
