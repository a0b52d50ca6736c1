"""The verbs of the command line, one module each."""

from . import check, hunt, lanes, prove, tune

VERBS = (lanes.VERB, check.VERB, prove.VERB, tune.VERB, hunt.VERB)
