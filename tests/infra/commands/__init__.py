"""The verbs of the command line, one module each."""

from . import check, hunt, lanes, mark, measure, phase, prove, tune

VERBS = (
    mark.VERB,
    lanes.VERB,
    check.VERB,
    measure.VERB,
    tune.VERB,
    prove.VERB,
    hunt.VERB,
    phase.VERB,
)
