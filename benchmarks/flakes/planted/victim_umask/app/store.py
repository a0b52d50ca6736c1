import os


def save(path, text):
    path.write_text(text)
    return path


def save_secret(path, text):
    os.umask(0o077)
    path.write_text(text)
    return path


def mode(path):
    return path.stat().st_mode & 0o777
