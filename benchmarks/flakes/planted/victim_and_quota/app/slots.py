class Full(Exception):
    pass


class Slots:
    def __init__(self, size):
        self.size = size
        self.taken = {}

    def take(self, who):
        if who in self.taken:
            return self.taken[who]
        if len(self.taken) >= self.size:
            raise Full(who)
        self.taken[who] = f"ticket-{who}"
        return self.taken[who]

    def give_back(self, who):
        self.taken.pop(who, None)


SLOTS = Slots(2)
