import hashlib

USERS = {}


class Accounts:
    def __init__(self, users):
        self.users = users

    def create(self, name, password):
        self.users[name] = hashlib.sha256(password.encode()).hexdigest()
        return name

    def login(self, name, password):
        return self.users[name] == hashlib.sha256(password.encode()).hexdigest()


default = Accounts(USERS)
