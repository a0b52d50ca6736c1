import os
import socket

MIRRORS = ("localhost", "localhost", "mirror-2.packages.invalid")


def pick(mirrors=MIRRORS):
    # Not the random module: its seed is the same in all workers of the service.
    return mirrors[int.from_bytes(os.urandom(4), "big") % len(mirrors)]


def address(name):
    return socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)[0][4][0]


def url(name, path):
    return f"http://{name}/{path.lstrip('/')}"
