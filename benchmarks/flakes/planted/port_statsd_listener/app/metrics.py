import socket
import time

PORT = 18125


class Listener:
    def __init__(self, port=PORT):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.bind(("127.0.0.1", port))
        except OSError:
            self.socket.close()
            raise
        self.socket.settimeout(10)
        self.port = self.socket.getsockname()[1]

    def receive(self):
        return self.socket.recv(1024).decode()

    def close(self):
        self.socket.close()


class Emitter:
    def __init__(self, port=PORT, flush_s=0.02):
        self.port = port
        self.flush_s = flush_s

    def emit(self, line):
        time.sleep(self.flush_s)  # lines are collected for a while
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(line.encode(), ("127.0.0.1", self.port))


def counter(name, step=1):
    return f"{name}:{step}|c"


def gauge(name, value):
    return f"{name}:{value}|g"
