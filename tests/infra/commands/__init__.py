"""The verbs of the command line, one module each."""

from . import lanes

VERBS = (lanes.VERB,)
