import socket


def ask(port, name):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(name.encode() + b"\n")
        answer = connection.makefile().readline()
    if not answer:
        raise ConnectionResetError(f"the exchange hung up on {name}")
    return answer.strip()


def ask_again(port, name, tries=60):
    for _ in range(tries):
        try:
            return ask(port, name)
        except ConnectionError:
            continue
    raise ConnectionError(name)


def price(line):
    return float(line.split()[1])
