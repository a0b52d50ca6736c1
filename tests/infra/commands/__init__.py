"""The verbs of the command line, one module each."""

from . import check, lanes

VERBS = (lanes.VERB, check.VERB)
