import socket
import threading


class Echo:
    def __init__(self, prefix=b""):
        self.prefix = prefix
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        while True:
            connection, _ = self.listener.accept()
            with connection:
                if (line := connection.recv(100)) == b"":
                    return
                connection.sendall(self.prefix + line)

    def ask(self, line):
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(line)
            return connection.recv(200)

    def close(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=60):
            pass  # an empty request is the last one
        self.thread.join()
        self.listener.close()
