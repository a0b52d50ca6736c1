from app import languages


def test_all_languages_are_offered():
    assert len(languages.all_languages()) == 4


def test_codes_have_two_letters():
    assert {len(code) for code in languages.all_languages()} == {2}
