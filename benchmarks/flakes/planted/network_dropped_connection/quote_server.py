import os
import socketserver


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        name = self.rfile.readline().strip()
        if os.urandom(1)[0] < 80:  # the exchange is behind a tired balancer
            return
        self.wfile.write(name + b" 42.00\n")


if __name__ == "__main__":
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
