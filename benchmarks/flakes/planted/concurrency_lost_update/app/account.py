import threading


class Account:
    def __init__(self):
        self.balance = 0
        self.lock = threading.Lock()

    def read(self):
        return self.balance

    def deposit(self, amount):
        before = self.read()
        self.balance = before + int(amount)

    def deposit_safely(self, amount):
        with self.lock:
            self.deposit(amount)


def run_threads(count, target):
    threads = [threading.Thread(target=target) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
