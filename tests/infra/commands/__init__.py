"""The verbs of the command line, one module each."""

from . import check, lanes, prove

VERBS = (lanes.VERB, check.VERB, prove.VERB)
