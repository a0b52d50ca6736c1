import random
import secrets


class Dice:
    def __init__(self, seed=None):
        self.random = random.Random(seed)

    def roll(self, count=1):
        return [self.random.randint(1, 6) for _ in range(count)]

    def shuffled(self, items):
        found = list(items)
        self.random.shuffle(found)
        return found


def token():
    return secrets.token_hex(16)
