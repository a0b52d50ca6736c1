import os


def prompt():
    return "> " if os.environ.get("PORTAL_MODE") == "cli" else ""


def parse(line):
    return line.split()
