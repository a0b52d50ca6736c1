import shutil


class Notes:
    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def write(self, name, text):
        path = self.directory / f"{name}.txt"
        path.write_text(text)
        return path

    def read(self, name):
        return (self.directory / f"{name}.txt").read_text()

    def names(self):
        return sorted(path.stem for path in self.directory.glob("*.txt"))

    def archive(self, target):
        return shutil.make_archive(str(target), "zip", self.directory)
