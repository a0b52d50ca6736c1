import time

DAY_S = 24 * 60 * 60


def moment(text):
    return time.mktime(time.strptime(text, "%Y-%m-%d"))


def days(start, end):
    return (moment(end) - moment(start)) / DAY_S


def rent(start, end, per_day):
    return round(days(start, end) * per_day)
