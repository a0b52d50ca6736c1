import threading


class Sessions:
    def __init__(self):
        self.users = {}
        self.lock = threading.Lock()

    def open(self, number, user):
        self.users[number] = user

    def names(self):
        return {str(user).upper() for user in self.users.values()}

    def names_safely(self):
        with self.lock:
            return {str(user).upper() for user in list(self.users.values())}
