OPENED = []


def open_all(directory):
    files = [path.open() for path in sorted(directory.glob("*.txt"))]
    OPENED.extend(files)  # kept open, for the next search
    return files


def search(directory, word):
    return [file.name for file in open_all(directory) if word in file.read()]


def search_and_close(directory, word):
    return [path.name for path in sorted(directory.glob("*.txt")) if word in path.read_text()]
