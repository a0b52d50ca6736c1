import importlib
import sys


def load(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def is_loaded(name):
    return name in sys.modules


def version(name):
    return getattr(load(name), "__version__", "unknown")
