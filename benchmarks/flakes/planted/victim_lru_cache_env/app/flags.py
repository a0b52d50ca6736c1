import functools
import os


@functools.lru_cache(maxsize=None)
def enabled(name):
    return os.environ.get(f"FLAG_{name.upper()}", "off") == "on"


def theme():
    return "dark" if enabled("dark_mode") else "light"
