import os


class Bank:
    limit = 100

    def charge(self, amount):
        raise ConnectionError("no bank here")


def buy(bank, price):
    if price > bank.limit:
        return "refused"
    return f"paid {bank.charge(price)}"


def free_space(path):
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize
