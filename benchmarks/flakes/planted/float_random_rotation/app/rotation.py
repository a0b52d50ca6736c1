import math


def rotate(point, angle):
    x, y = point
    sine, cosine = math.sin(angle), math.cos(angle)
    return (x * cosine - y * sine, x * sine + y * cosine)


def distance(a, b):
    return math.hypot(a[0] - b[0], a[1] - b[1])
