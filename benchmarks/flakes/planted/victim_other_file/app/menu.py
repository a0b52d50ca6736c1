from app.languages import all_languages


def menu(preferred):
    entries = all_languages()
    if preferred in entries:
        entries.remove(preferred)
    return [preferred, *entries]
