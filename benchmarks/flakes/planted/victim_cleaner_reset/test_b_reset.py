from app import numbers_format


def test_defaults_know_the_digits():
    assert numbers_format.DEFAULTS["digits"] == 1


def test_reset_brings_the_defaults_back():
    numbers_format.reset()
    assert numbers_format.options == numbers_format.DEFAULTS


def test_whole_number_keeps_its_digits():
    assert numbers_format.show(7)[0] == "7"
