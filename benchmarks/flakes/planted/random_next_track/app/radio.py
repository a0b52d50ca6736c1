import random


class Radio:
    def __init__(self, tracks, draw=random.choice):
        self.tracks = tracks
        self.draw = draw
        self.playing = None

    def next(self):
        self.playing = self.draw(self.tracks)
        return self.playing
