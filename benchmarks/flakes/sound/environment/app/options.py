import os


def option(name, default=None):
    return os.environ.get(f"LAMP_{name.upper()}", default)


def all_options():
    return {name[5:].lower(): value for name, value in os.environ.items() if name[:5] == "LAMP_"}


def save(name, value):
    os.environ[f"LAMP_{name.upper()}"] = value
