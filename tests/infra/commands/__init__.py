"""The verbs of the command line, one module each, imported when they are asked for."""

import importlib
from typing import Final

from .verb import Verb

NAMES: Final = ("mark", "lanes", "check", "measure", "tune", "prove", "hunt", "phase")
"""In the order of the help; each is the name of a module, whose `VERB` it is."""


def load_verb(name: str) -> Verb:
    """Import a verb: all together take half a second."""
    found: Verb = importlib.import_module(f".{name}", __name__).VERB
    return found
