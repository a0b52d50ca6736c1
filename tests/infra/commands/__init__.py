"""The verbs of the command line, one module each."""

from . import lanes, prove

VERBS = (lanes.VERB, prove.VERB)
