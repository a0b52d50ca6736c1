"""Listens on a port that another worker may have."""

import socket


def test_server_accepts_a_connection() -> None:
    with socket.create_server(("127.0.0.1", 18473)) as server:
        address = server.getsockname()

        with socket.create_connection(address, timeout=5) as client:
            assert client.getpeername() == address
