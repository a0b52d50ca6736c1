import os
import tempfile


def save(directory, text):
    handle, name = tempfile.mkstemp(prefix="part-", dir=directory)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    return name


def join(directory):
    texts = []
    for entry in os.listdir(directory):
        with open(os.path.join(directory, entry)) as file:
            texts.append(file.read())
    return "".join(texts)


def join_named(names):
    texts = []
    for name in names:
        with open(name) as file:
            texts.append(file.read())
    return "".join(texts)
