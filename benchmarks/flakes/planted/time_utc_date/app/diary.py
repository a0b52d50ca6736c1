import datetime


def entry(text, now=None):
    now = now or datetime.datetime.now(datetime.timezone.utc)
    return {"date": now.date(), "text": text}


def is_older(one, other):
    return one["date"] < other["date"]
