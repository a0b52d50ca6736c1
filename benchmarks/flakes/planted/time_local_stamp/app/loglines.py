import datetime


def show(line):
    stamp, level, text = line.split(" ", 2)
    moment = datetime.datetime.fromtimestamp(int(stamp))
    return f"{moment:%Y-%m-%d %H:%M} {level:5} {text}"


def level(line):
    return line.split(" ", 2)[1]
