import datetime


def parse(text):
    return datetime.datetime.strptime(text, "%d.%m.%Y").date()


def show(date):
    return date.strftime("%d.%m.%Y")
