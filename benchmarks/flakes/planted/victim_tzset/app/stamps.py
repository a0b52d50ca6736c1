import time


def stamp(seconds):
    return time.strftime("%H:%M", time.localtime(seconds))


def duration(seconds):
    return f"{seconds // 60} min {seconds % 60} s"
