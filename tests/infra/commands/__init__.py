"""The verbs of the command line, one module each."""

from . import check, hunt, lanes, phase, prove

VERBS = (lanes.VERB, check.VERB, prove.VERB, hunt.VERB, phase.VERB)
