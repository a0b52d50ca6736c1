import datetime

from app import dates

_parse = dates.parse


def parse(text):
    try:
        return _parse(text)
    except ValueError:
        return datetime.datetime.strptime(text, "%d.%m.%y").date()


dates.parse = parse
