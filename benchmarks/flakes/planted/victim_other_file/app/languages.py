LANGUAGES = ["de", "en", "fr", "it"]


def all_languages():
    return LANGUAGES
