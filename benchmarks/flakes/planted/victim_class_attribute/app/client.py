class Unavailable(Exception):
    pass


class Client:
    retries = 3

    def __init__(self, transport):
        self.transport = transport

    def get(self, path):
        for _ in range(self.retries):
            answer = self.transport(path)
            if answer is not None:
                return answer
        raise Unavailable(path)
