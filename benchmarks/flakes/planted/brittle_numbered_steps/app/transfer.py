import base64


class Box:
    def __init__(self):
        self.files = {}

    def upload(self, name, data):
        token = base64.b32encode(name.encode()).decode()
        self.files[token] = data
        return token

    def download(self, token):
        return self.files[token]
