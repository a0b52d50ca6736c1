class Duplicate(Exception):
    pass


class Shell:
    def __init__(self):
        self.commands = {}

    def command(self, name):
        def add(function):
            if name in self.commands:
                raise Duplicate(name)
            self.commands[name] = function
            return function

        return add

    def run(self, line):
        name, *args = line.split()
        return self.commands[name](*args)


shell = Shell()


@shell.command("echo")
def echo(*words):
    return " ".join(words)
