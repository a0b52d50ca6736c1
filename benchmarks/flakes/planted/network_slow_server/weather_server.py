import random
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHANCE = random.SystemRandom()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if CHANCE.random() < 0.33:
            time.sleep(0.5)  # the model is computed anew
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"sunny")

    def log_message(self, *args):
        pass

    def handle(self):
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def finish(self):
        try:
            super().finish()
        except OSError:
            self.close_connection = True


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()
