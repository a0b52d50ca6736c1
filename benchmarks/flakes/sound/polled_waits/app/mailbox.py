import threading
import time


class Mailbox:
    def __init__(self, delay_s=0.01):
        self.delay_s = delay_s
        self.letters = []
        self.arrived = threading.Condition()
        self.threads = []

    def send(self, letter):
        thread = threading.Thread(target=self._deliver, args=(letter,))
        self.threads.append(thread)
        thread.start()

    def _deliver(self, letter):
        time.sleep(self.delay_s)
        with self.arrived:
            self.letters.append(letter)
            self.arrived.notify_all()

    def wait_for(self, count, timeout_s):
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.letters) >= count, timeout_s)

    def close(self):
        for thread in self.threads:
            thread.join()
