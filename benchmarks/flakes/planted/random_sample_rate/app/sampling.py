import random


class Sampler:
    def __init__(self, rate, seed=None):
        self.rate = rate
        self.random = random.Random(seed)

    def wants(self):
        return self.random.random() < self.rate


def sample(items, sampler):
    return [item for item in items if sampler.wants()]
