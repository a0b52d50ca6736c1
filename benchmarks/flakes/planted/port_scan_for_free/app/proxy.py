import hashlib
import socket
import threading


def find_free(first=18600):
    for port in range(first, first + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port")


class Proxy:
    def __init__(self, port):
        # The session key takes a moment.
        self.key = hashlib.pbkdf2_hmac("sha256", b"proxy", b"salt", 30_000).hex()
        self.socket = socket.create_server(("127.0.0.1", port))
        self.served = 0
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        while True:
            connection, _ = self.socket.accept()
            with connection:
                line = connection.recv(100)
                if line == b"stop":
                    return
                self.served += 1
                connection.sendall(b"hello " + line)

    def stop(self):
        ask(self.port, b"stop")
        self.thread.join()
        self.socket.close()

    @property
    def port(self):
        return self.socket.getsockname()[1]


def ask(port, line):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(line)
        return connection.recv(100)
