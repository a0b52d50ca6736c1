import threading


class Debounce:
    def __init__(self, call, pause_s):
        self.call = call
        self.pause_s = pause_s
        self.timer = None

    def __call__(self, *args):
        self.cancel()
        self.timer = threading.Timer(self.pause_s, self.call, args)
        self.timer.daemon = True
        self.timer.start()

    def cancel(self):
        if self.timer:
            self.timer.cancel()
